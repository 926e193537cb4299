/** A rule that was broken, and when. */
export type Violation = { readonly atMs: number; readonly rule: string; readonly what: string };

/**
 * What happened in a schedule, line by line, and which rules were broken. Lines are kept only where somebody wants to
 * read them: a schedule that fails is run again for its story.
 */
export class Story {
  readonly lines: string[] = [];
  readonly violations: Violation[] = [];
  readonly #elapsedMs: () => number;
  readonly #isKept: boolean;

  constructor(elapsedMs: () => number, isKept: boolean) {
    this.#elapsedMs = elapsedMs;
    this.#isKept = isKept;
  }

  tell(actor: string, event: () => string): void {
    if (this.#isKept) this.lines.push(`${String(this.#elapsedMs()).padStart(7)} ms  ${actor.padEnd(10)} ${event()}`);
  }

  broken(rule: string, what: string): void {
    const atMs = this.#elapsedMs();
    this.violations.push({ atMs, rule, what });
    this.tell("CHECKER", () => `${rule} broken: ${what}`);
  }
}
