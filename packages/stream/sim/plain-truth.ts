import type { Chunk } from "@uci/protocol";
import type { FinalAnswer } from "../src/ports.ts";
import { AnswerTruth } from "./answer-truth.ts";
import type { Story } from "./story.ts";
import { Truth } from "./truth.ts";

/** What a plain workflow says in an answer: a function of the message, word by word. */
export function plainWords(messageId: string, words: number): string[] {
  return Array.from({ length: words }, (_, index) => `${messageId.slice(-1)}${index}${index % 3 === 2 ? "é" : ""} `);
}

/** What a third party's workflows have said of one answer, and what may become of it. */
export class PlainAnswerTruth extends AnswerTruth {
  readonly #story: Story;
  words: readonly string[] = [];
  /** Ids of chunks that left a workflow, and of those that closed the answer. */
  readonly said = new Set<number>();
  readonly closes = new Set<number>();
  /** When a workflow last said something of it. */
  saidAtMs = 0;
  /** How often a workflow began it, and whether one took its job at all. */
  runs = 0;

  readonly #now: () => number;

  constructor(messageId: string, story: Story, elapsedMs: () => number) {
    super(messageId, story, elapsedMs);
    this.#story = story;
    this.#now = elapsedMs;
  }

  override get isClosed(): boolean {
    return this.row !== null || this.closes.size > 0;
  }

  override isCommitted({ chunk_id, chunk, is_final }: Chunk): boolean {
    return is_final
      ? this.closes.has(chunk_id) && chunk === ""
      : this.words[chunk_id] === chunk && this.said.has(chunk_id);
  }

  /** The close adds no word, and of two workflows one may have closed where the other said a word. */
  override isTextUpto(_generation: number, upto: number, text: string): boolean {
    return text === this.#upto(upto) || (this.closes.has(upto) && text === this.#upto(upto - 1));
  }

  override stored(answer: FinalAnswer): void {
    const broken = (what: string) => this.#story.broken("PL", `${this.messageId}: ${what}`);
    if (this.row !== null) broken("its row was written a second time");
    if (!this.isTextUpto(0, answer.last_chunk_id, answer.text)) broken(`its row holds ${answer.text}`);
    if (answer.status === "complete" && answer.text !== this.words.join("")) broken("it is called complete and is not");
    if (this.runs === 0 && answer.status !== "stopped") broken(`nobody had taken its job when it was ${answer.status}`);
    this.row = answer;
    this.rowAtMs = this.#now();
  }

  override acknowledged(): void {}

  #upto(upto: number): string {
    return this.words.slice(0, upto + 1).join("");
  }
}

/** The same as `Truth` of answers that have no journal: what is heard is what a workflow has said, and the row a part of it. */
export class PlainTruth extends Truth {
  plain(messageId: string): PlainAnswerTruth {
    return this.answer(messageId) as PlainAnswerTruth;
  }

  override published(): void {}

  override replied(): void {}

  protected override makeAnswer(messageId: string, story: Story, elapsedMs: () => number): AnswerTruth {
    return new PlainAnswerTruth(messageId, story, elapsedMs);
  }
}
