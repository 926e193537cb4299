const pollMs = 20;
const limitMs = 120_000;

/** Waits for a condition; throws when it does not come true. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`not within ${limitMs / 1_000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
