import type { AnswerChangedEvent, AnswerEndedEvent } from "@uci/client";

/** What can be wrong with what a reader was shown. */
export type FlawKind = "lost" | "repeated" | "contradicted";
export type Flaw = { readonly kind: FlawKind; readonly what: string };

/** One change a reader saw. */
export type SeenChange = {
  readonly atMs: number;
  readonly change: "appended" | "replaced";
  readonly generation: number;
  readonly attempt: number;
  readonly resets: number;
  readonly nextChunkId: number;
  /** Of the text, in UTF-8 bytes. */
  readonly bytes: number;
};

/** Everything one reader saw of one answer, in order, and what was wrong with it. */
export class AnswerHistory {
  readonly messageId: string;
  readonly changes: SeenChange[] = [];
  readonly flaws: Flaw[] = [];
  text = "";
  ended: AnswerEndedEvent | null = null;
  endedAtMs: number | null = null;
  /** Times the reader was told that what it had seen is void. */
  replacements = 0;
  #expected: string | null = null;
  #mayBeginAnew = true;

  constructor(messageId: string) {
    this.messageId = messageId;
  }

  /**
   * What the provider says; everything shown must be a beginning of it. `mayBeginAnew`: its model cannot go on from a
   * beginning, so what is shown may be replaced by less. A snapshot does not say that there was a reset in what it covers.
   */
  expect(text: string, mayBeginAnew = true): void {
    this.#mayBeginAnew = mayBeginAnew;
    this.#expected = text;
    this.#compare(this.text);
  }

  changed({ fold, change, appendedText }: AnswerChangedEvent, atMs: number): void {
    const { generation, attempt, resets, nextChunkId, textBytes } = fold;
    const before = this.changes.at(-1);
    const bytes = textBytes;
    this.changes.push({ atMs, change, generation, attempt, resets, nextChunkId, bytes });
    if (this.ended !== null) this.#flaw("contradicted", "it goes on after its end");
    if (change === "appended" && before !== undefined)
      this.#appended(before, fold.text, appendedText, nextChunkId, bytes);
    else if (!fold.text.startsWith(this.text)) {
      this.replacements++;
      const isMarked = generation > (before?.generation ?? 0) || resets > (before?.resets ?? 0);
      if (!isMarked && !this.#mayBeginAnew) this.#flaw("contradicted", "text was taken back without a word");
    }
    this.text = fold.text;
    this.#compare(fold.text);
  }

  end(event: AnswerEndedEvent, atMs: number): void {
    if (this.ended !== null) this.#flaw("repeated", "it ended twice");
    this.ended ??= event;
    this.endedAtMs ??= atMs;
    if (event.fold.text !== this.text) this.#flaw("contradicted", "the end has another text than what was shown");
  }

  unverified(): void {
    this.#flaw("contradicted", "length or hash is not that of the text");
  }

  /** The longest time without a change between the two times, in milliseconds. */
  longestPauseMs(fromMs: number, untilMs: number): number {
    const times = this.changes.map(({ atMs }) => atMs).filter((atMs) => atMs >= fromMs && atMs <= untilMs);
    let longestMs = 0;
    let lastMs = fromMs;
    const endMs = Math.min(untilMs, this.endedAtMs ?? times.at(-1) ?? fromMs);
    for (const atMs of [...times, endMs]) {
      longestMs = Math.max(longestMs, atMs - lastMs);
      lastMs = atMs;
    }
    return longestMs;
  }

  #appended(before: SeenChange, text: string, piece: string, nextChunkId: number, bytes: number): void {
    if (nextChunkId <= before.nextChunkId) this.#flaw("repeated", `chunk ${nextChunkId - 1} came twice`);
    else if (nextChunkId > before.nextChunkId + 1) this.#flaw("lost", `chunks from ${before.nextChunkId} on`);
    if (bytes !== before.bytes + Buffer.byteLength(piece) || text !== this.text + piece) {
      this.#flaw("contradicted", "what was added is not what the text grew by");
    }
  }

  #compare(text: string): void {
    if (this.#expected !== null && !this.#expected.startsWith(text)) {
      this.#flaw("contradicted", "what is shown is not a beginning of the answer");
    }
  }

  #flaw(kind: FlawKind, what: string): void {
    this.flaws.push({ kind, what: `${this.messageId}: ${what}` });
  }
}
