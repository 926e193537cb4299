import { beforeEach, describe, expect, it } from "vitest";
import { consumerPlace, LeaderWatch } from "../leader-watch.ts";

describe("leader watch", () => {
  let nowMs: number;
  let asked: string[];
  let told: Error[];
  let refusal: Error | null;
  let watch: LeaderWatch;
  beforeEach(() => {
    nowMs = 0;
    asked = [];
    told = [];
    refusal = null;
    const stepDown = async (verb: string) => {
      asked.push(verb);
      if (refusal !== null) throw refusal;
    };
    watch = new LeaderWatch(
      stepDown,
      (error) => told.push(error),
      () => nowMs,
      () => 0,
    );
  });

  function fail(place: string, times: number, everyMs: number): void {
    for (let time = 0; time < times; time++) {
      watch.note(place, "nothing");
      nowMs += everyMs;
    }
  }

  it("asks a leader to step down under which nothing was stored for ten seconds, and waits as long again", async () => {
    fail("JOURNAL_0", 10, 1_000);
    expect(asked).toEqual([]);
    watch.note("JOURNAL_0", "nothing");
    expect(asked).toEqual(["STREAM.LEADER.STEPDOWN.JOURNAL_0"]);
    await Promise.resolve();
    expect(told.map(({ message }) => message)).toEqual([
      "JOURNAL_0 has got nothing done for 10 s (11 tries); its leader was asked to step down",
    ]);
    fail("JOURNAL_0", 10, 1_000);
    expect(asked.length).toBe(1);
  });

  it("does not ask where something was stored, the connection was lost, or nobody tried for a while", () => {
    for (const outcome of ["done", "disconnected"] as const) {
      fail("OWNERS", 8, 1_000);
      watch.note("OWNERS", outcome);
      fail("OWNERS", 8, 1_000);
      watch.note("OWNERS", "done");
    }
    fail("OWNERS", 8, 1_000);
    nowMs += 60_000;
    fail("OWNERS", 3, 9_000);
    expect(asked).toEqual([]);
  });

  it("keeps apart what is stored where, and knows the queue's consumer", () => {
    fail("JOURNAL_0", 8, 1_000);
    fail(consumerPlace, 3, 1_000);
    watch.note("JOURNAL_0", "done");
    fail(consumerPlace, 9, 1_000);
    expect(asked).toEqual(["CONSUMER.LEADER.STEPDOWN.WORKFLOW_REQUESTS.workflow-processor"]);
  });

  it("says why where the server refuses", async () => {
    refusal = new Error("there is no cluster");
    fail("OWNERS", 11, 1_000);
    await Promise.resolve();
    await Promise.resolve();
    expect(told[0]?.message).toContain("did not step down");
    expect(told[0]?.cause).toBe(refusal);
  });
});
