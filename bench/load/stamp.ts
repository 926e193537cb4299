/** The machine's monotonic clock, the same in every process, in microseconds. */
export function nowMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** A piece of text of about a token's length that says when it was made. */
export function stampedToken(): string {
  return ` ~${nowMicroseconds().toString(36)}`;
}

/** When the pieces in a text were made. One whose last characters are still to come is left out. */
export function* sentAtMicroseconds(text: string): Generator<number> {
  for (const [, stamp] of text.matchAll(/ ~([0-9a-z]{6,12})(?=[ "\\])/g)) yield Number.parseInt(stamp!, 36);
}
