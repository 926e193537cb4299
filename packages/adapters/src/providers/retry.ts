import type { Clock, ModelError } from "@uci/stream";
import { cancelled } from "./errors.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a try that failed before its first part may be repeated for. A time-out is not: it has cost minutes already. */
const transient: ReadonlySet<string> = new Set([
  "provider_rate_limited",
  "provider_overloaded",
  "provider_unavailable",
  "provider_bad_response",
]);

/**
 * How long to wait before a request is tried again, in milliseconds; null: not again. `tries` counts those made so far.
 * A provider that names a time is waited for that long, but not beyond the cap; otherwise the pause doubles, and half of
 * it is random so that many answers that failed together do not come back together.
 */
export function retryDelayMs(error: ModelError, tries: number, { limits, random }: Surroundings): number | null {
  if (!error.retryable || !transient.has(error.code) || tries > limits.retries) return null;
  if (error.retryAfterMs !== undefined) return error.retryAfterMs > limits.retryAfterCapMs ? null : error.retryAfterMs;
  const ceilingMs = Math.min(limits.retryFirstDelayMs * 2 ** (tries - 1), limits.retryLastDelayMs);
  return ceilingMs / 2 + (ceilingMs / 2) * random();
}

/** Wish of the provider when to come again, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date). */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const exact = amount(headers.get("retry-after-ms"));
  if (exact !== undefined) return exact;
  const given = headers.get("retry-after");
  if (given === null) return undefined;
  const seconds = amount(given);
  if (seconds !== undefined) return seconds * 1000;
  // Of its own accord the parser takes "-5" for a year.
  const dateMs = /^[A-Za-z]{3,9},? /.test(given) ? Date.parse(given) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

function amount(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** Resolves after `delayMs`; rejects at once when the signal is or becomes aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    const onAbort = () => {
      stop();
      reject(cancelled());
    };
    const stop = clock.after(delayMs, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
