/** One Ctrl-C can arrive twice: from the terminal, and passed on by npm. */
const sameSignalMs = 1_000;

/**
 * Calls `stop` at the first signal and ends the process after it: with 0, or 1 when it failed. A second signal ends it
 * at once with 130.
 */
export function stopOnSignal(stop: (signal: NodeJS.Signals) => Promise<void>, failed: (error: unknown) => void): void {
  let stoppingSinceMs: number | null = null;
  const end = async (signal: NodeJS.Signals) => {
    if (stoppingSinceMs !== null) {
      if (Date.now() - stoppingSinceMs > sameSignalMs) process.exit(130);
      return;
    }
    stoppingSinceMs = Date.now();
    try {
      await stop(signal);
    } catch (error) {
      failed(error);
      process.exitCode = 1;
    }
    process.exit();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end(signal));
}

/**
 * Runs a service until it is told to stop. `start` resolves with what stops it again. A start that fails for a reason
 * an operator can mend (`sentenceOf` knows it) says so in one sentence and ends with 1.
 */
export async function runService(
  start: () => Promise<{ stop(): Promise<void>; failed(error: unknown): void }>,
  sentenceOf: (error: unknown) => string | null,
): Promise<void> {
  try {
    const running = await start();
    stopOnSignal(() => running.stop(), running.failed);
  } catch (error) {
    const sentence = sentenceOf(error) ?? listenSentence(error);
    if (sentence === null) throw error;
    process.stderr.write(`${sentence}\n`);
    process.exit(1);
  }
}

/** Why an address could not be listened on, in a sentence; null for any other error. */
export function listenSentence(error: unknown, portOption = "PORT", hostOption = "HOST"): string | null {
  if (!(error instanceof Error)) return null;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === "EADDRINUSE") return `Port ${port} is in use by another program; choose another with ${portOption}.`;
  if (code === "EACCES" && port !== undefined)
    return `Port ${port} may not be opened by this user; choose one above 1023 with ${portOption}.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `${address ?? "That address"} is not an address of this machine; choose another with ${hostOption}.`;
  return null;
}
