import { expect, test } from "vitest";
import { SilenceWatch } from "./silence-watch.ts";
import { ManualClock } from "./testing/manual-clock.ts";

function watch() {
  const clock = new ManualClock();
  const silences: number[] = [];
  return { clock, silences, watch: new SilenceWatch(clock, (limitMs) => silences.push(limitMs)) };
}

test("a wait that lasts its limit is told once", () => {
  const { clock, silences, watch: silence } = watch();
  silence.wait(clock.nowMs(), 100);
  clock.advance(99);
  expect(silences).toEqual([]);
  clock.advance(1);
  clock.advance(1000);
  expect(silences).toEqual([100]);
});

test("waits that end in time are not told, however many there are, and cost one alarm", () => {
  const { clock, silences, watch: silence } = watch();
  for (let round = 0; round < 50; round++) {
    silence.wait(clock.nowMs(), 100);
    clock.advance(90);
    expect(clock.pendingMs.length).toBeLessThanOrEqual(1);
  }
  silence.rest();
  clock.advance(1000);
  expect(silences).toEqual([]);
  expect(clock.pendingMs).toEqual([]);
});

test("a shorter limit counts from its own beginning", () => {
  const { clock, silences, watch: silence } = watch();
  silence.wait(clock.nowMs(), 10_000);
  clock.advance(50);
  silence.wait(clock.nowMs(), 100);
  clock.advance(100);
  expect(silences).toEqual([100]);
});

test("after stop nothing is told and nothing left behind", () => {
  const { clock, silences, watch: silence } = watch();
  silence.wait(clock.nowMs(), 100);
  silence.stop();
  expect(clock.pendingMs).toEqual([]);
  clock.advance(1000);
  expect(silences).toEqual([]);
});
