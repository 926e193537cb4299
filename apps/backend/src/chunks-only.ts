import {
  type ByeReason,
  type Chunk,
  type FinishReason,
  isFinalStatus,
  type SnapshotEvent,
  type StreamEvent,
} from "@uci/protocol";
import { parseCursor, type ReaderSink } from "@uci/stream";
import { type GivenText, heldPrefix, nothingGiven, textAfter, wrapCursor } from "./given-text.ts";

/** One answer as a reader that joins texts has it. */
type Given = GivenText & {
  generation: number;
  /** The answer's text from its new beginning on, while it is not as long as what was given; null: it goes on. */
  anew: string | null;
};

type Place = Pick<Chunk, "session_id" | "message_id" | "generation" | "timestamp" | "correlation_id">;

/** Whose text it is, what ends the answer with it (null: nothing yet), and where the reader is afterwards. */
type Giving = { readonly place: Place; readonly end: Partial<Chunk> | null; readonly cursor: string | null };

/** Stands between a text that was taken back and the one that replaces it. */
const separator = "\n\n";

/**
 * For readers that know `chunk` events alone and join their texts: gives an answer's text and nothing else of it, in
 * chunks counted 0, 1, 2 … for this reader. A snapshot becomes one chunk of what is lacking. Where an answer begins anew
 * the text that is the same is not given again; where it turns out to be another, an empty line follows and then a chunk
 * with id 0 and `metadata.replaces`, which holds all of it.
 */
export class ChunksOnly implements ReaderSink {
  readonly #sink: ReaderSink;
  readonly #answers: Map<string, Given>;

  /** `given`: what the reader had of answers when it lost the connection before. */
  constructor(sink: ReaderSink, given: ReadonlyMap<string, GivenText & { readonly generation: number }>) {
    this.#sink = sink;
    this.#answers = new Map([...given].map(([messageId, text]) => [messageId, { ...text, anew: null }]));
  }

  get unsentBytes(): number {
    return this.#sink.unsentBytes;
  }

  send(event: StreamEvent, cursor: string | null): void {
    if (event.event === "chunk") this.#takeChunk(event.data, cursor);
    else if (event.event === "snapshot") this.#takeSnapshot(event.data, cursor);
    else this.#sink.send(event, this.#idOf(cursor));
  }

  close(reason: ByeReason): void {
    this.#sink.close(reason);
  }

  #takeChunk(chunk: Chunk, cursor: string | null): void {
    const answer = this.#answer(chunk.message_id, chunk.generation);
    if (chunk.generation > answer.generation || chunk.chunk_type === "reset") this.#beginAnew(answer, chunk.generation);
    const text = chunk.chunk_type === "content" ? chunk.chunk : "";
    const { metadata, error } = chunk;
    const end = chunk.is_final ? { ...(metadata && { metadata }), ...(error && { error }) } : null;
    this.#give(answer, { place: chunk, end, cursor }, text);
  }

  #takeSnapshot(snapshot: SnapshotEvent, cursor: string | null): void {
    const { message_id, session_id, generation, text, status } = snapshot;
    const answer = this.#answer(message_id, generation);
    this.#beginAnew(answer, generation);
    const timestamp = new Date().toISOString();
    const end = isFinalStatus(status) ? { metadata: { finish_reason: finishOf[status] ?? "stop" } } : null;
    const place = { message_id, session_id, generation, timestamp, correlation_id: "" };
    this.#give(answer, { place, end, cursor }, text);
  }

  #answer(messageId: string, generation: number): Given {
    const known = this.#answers.get(messageId);
    if (known !== undefined) return known;
    const answer: Given = { ...nothingGiven, generation, anew: null };
    this.#answers.set(messageId, answer);
    return answer;
  }

  #beginAnew(answer: Given, generation: number): void {
    answer.generation = generation;
    answer.anew = answer.length === 0 ? null : "";
  }

  #give(answer: Given, giving: Giving, text: string): void {
    if (answer.anew === null) {
      this.#giveRest(answer, giving, text);
      return;
    }
    answer.anew += text;
    // What the reader has already comes once more, word by word: it waits until it is known to be the same.
    if (answer.anew.length < answer.length && giving.end === null) return;
    const whole = answer.anew;
    answer.anew = null;
    if (heldPrefix(answer, whole)) this.#giveRest(answer, giving, whole.slice(answer.length));
    else this.#replace(answer, giving, whole);
  }

  #giveRest(answer: Given, giving: Giving, text: string): void {
    const { end } = giving;
    if (text !== "" || end !== null) this.#emit(answer, giving, text, { ...end, is_final: end !== null });
  }

  #replace(answer: Given, giving: Giving, whole: string): void {
    const { end } = giving;
    this.#emit(answer, { ...giving, cursor: null }, separator, { is_final: false });
    Object.assign(answer, nothingGiven);
    const metadata = { ...end?.metadata, replaces: true };
    this.#emit(answer, giving, whole, { ...end, metadata, is_final: end !== null });
  }

  #emit(answer: Given, { place, cursor }: Giving, text: string, more: Partial<Chunk>): void {
    const { session_id, message_id, generation, timestamp, correlation_id } = place;
    const said = { session_id, message_id, generation, timestamp, correlation_id };
    const data = { ...said, chunk_id: answer.count, chunk: text, chunk_type: "content", is_final: false, ...more };
    Object.assign(answer, textAfter(answer, text));
    this.#sink.send({ event: "chunk", data: data as Chunk }, this.#idOf(cursor));
  }

  /** The reader hands this back when it lost its connection; answers that are over are not named any more. */
  #idOf(cursor: string | null): string | null {
    // While a text that began anew is held back, the reader is where it was.
    if (cursor === null || [...this.#answers.values()].some(({ anew }) => anew !== null)) return null;
    const named = parseCursor(cursor) ?? new Map();
    for (const messageId of this.#answers.keys()) if (!named.has(messageId)) this.#answers.delete(messageId);
    return wrapCursor(cursor, this.#answers);
  }
}

const finishOf: Readonly<Record<string, FinishReason>> = {
  failed: "error",
  stopped: "stopped",
  interrupted: "interrupted",
};
