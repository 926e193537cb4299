import { ModelError } from "@uci/stream";
import { describe, expect, test } from "vitest";
import { defaultProviderLimits } from "./limits.ts";
import { pause, readRetryAfterMs, retryDelayMs } from "./retry.ts";
import { completeSurroundings } from "./surroundings.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const overloaded = new ModelError("provider_overloaded", "busy", true);

function delays(random: number, error = overloaded): (number | null)[] {
  const limits = { ...defaultProviderLimits, retries: 6, retryFirstDelayMs: 500, retryLastDelayMs: 4000 };
  const surroundings = completeSurroundings({ random: () => random }, limits);
  return [1, 2, 3, 4, 5, 6, 7].map((tries) => retryDelayMs(error, tries, surroundings));
}

describe("the pause before a retry", () => {
  test("doubles up to the limit, half of it at random", () => {
    expect(delays(0)).toEqual([250, 500, 1000, 2000, 2000, 2000, null]);
    expect(delays(1)).toEqual([500, 1000, 2000, 4000, 4000, 4000, null]);
  });

  test("is what the provider asks for, up to the cap", () => {
    expect(delays(0.5, new ModelError("provider_rate_limited", "later", true, 30_000))[0]).toBe(30_000);
    expect(delays(0.5, new ModelError("provider_rate_limited", "later", true, 30_001))[0]).toBeNull();
    expect(delays(0.5, new ModelError("provider_rate_limited", "later", true, 0))[0]).toBe(0);
  });

  test.each([
    new ModelError("provider_timeout", "silent", true),
    new ModelError("provider_rejected", "no", false),
    new ModelError("provider_rate_limited", "no credit", false),
  ])("there is none for $code, retryable $retryable", (error) => {
    expect(delays(0.5, error)[0]).toBeNull();
  });
});

test.each([
  [{ "retry-after": "2" }, 2000],
  [{ "retry-after": "1.5" }, 1500],
  [{ "retry-after": "2", "retry-after-ms": "340" }, 340],
  [{ "retry-after": "Sun, 06 Nov 1994 08:49:47 GMT" }, 10_000],
  [{ "retry-after": "Sun, 06 Nov 1994 08:49:07 GMT" }, 0],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "-5" }, undefined],
  [{}, undefined],
])("%j asks for %s ms", (headers, expected) => {
  const nowMs = Date.parse("Sun, 06 Nov 1994 08:49:37 GMT");
  expect(readRetryAfterMs(new Headers(headers as Record<string, string>), nowMs)).toBe(expected);
});

test("a pause ends with its time or with the signal, and leaves nothing behind", async () => {
  const clock = new ManualClock();
  const abort = new AbortController();
  const whole = pause(clock, 100, abort.signal);
  clock.advance(100);
  await whole;
  const broken = pause(clock, 100, abort.signal);
  abort.abort();
  await expect(broken).rejects.toBeInstanceOf(ModelError);
  await expect(pause(clock, 100, abort.signal)).rejects.toBeInstanceOf(ModelError);
  expect(clock.pendingMs).toEqual([]);
});
