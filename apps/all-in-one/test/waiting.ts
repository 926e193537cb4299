/** Resolves as soon as the condition holds; looked at often, since nothing tells when it changes. Throws with `what` after the limit. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs: number = 15_000,
): Promise<void> {
  const untilMs = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
