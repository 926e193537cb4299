import { subjects } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { type PodEvent, PodReader, Sweeper, streamLimits } from "../src/index.ts";
import { World } from "./world.ts";

/** A third party's chunk: the fewest fields there are. */
function chunk(id: number, text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const ids = { session_id: "sess_1", message_id: "msg_1", chunk_id: id, chunk: text };
  return { ...ids, timestamp: "2026-01-01T00:00:00.000Z", correlation_id: "corr_1", ...more };
}

const close = { is_final: true, metadata: { tokens_used: 3, model: "theirs" } };

async function world() {
  const made = new World();
  const pods = [await made.pod("pod-a"), await made.pod("pod-b")];
  await made.ask("msg_1");
  const say = async (message: unknown, subject = subjects.sessionBroadcast("sess_1")) => {
    made.live.publish(subject, message);
    await made.clock.run(10);
  };
  return { world: made, pods, say, row: () => made.database.rows.get("msg_1")! };
}

/** One pod, and what it observes. */
async function worldWithEvents() {
  const made = new World();
  const { live, registry, clock, database: ledger } = made;
  const events: PodEvent[] = [];
  const pod = new PodReader("pod-a", { live, registry, clock, ledger }, (event) => events.push(event));
  await pod.start();
  return { world: made, events, row: () => made.database.rows.get("msg_1")! };
}

/** A sweeper that sweeps when told, and a workflow that takes jobs and acknowledges them without a word. */
function sweeperOf({ database: outbox, queue, owners, live, clock }: World) {
  const ports = { outbox, ledger: outbox, queue, owners, live, clock };
  const sweeper = new Sweeper({ ...ports, sweepConnections: async () => undefined });
  return {
    async sweep() {
      const round = sweeper.sweep();
      await clock.run(2_000);
      await round;
    },
    async taken() {
      const jobs = queue.take(10, 10);
      await clock.run(20);
      return (await jobs).map((delivery) => queue.ack(delivery)).length;
    },
  };
}

describe("plain workflows", () => {
  it("PL1 shows a plain answer in order, each chunk once, and stores it once after its final chunk", async () => {
    const { world: made, pods, say, row } = await world();
    const readers = await Promise.all(pods.map(async (pod) => (await made.read(pod)).reader));
    await say([chunk(1, "two "), chunk(0, "one ")]);
    await say(chunk(0, "one "));
    expect(readers.map((reader) => reader.fold("msg_1").text)).toEqual(["one two ", "one two "]);
    await say(chunk(2, "three", close));
    await made.clock.run(2_000);
    for (const reader of readers) {
      expect(reader.fold("msg_1").text).toBe("one two three");
      expect(reader.violations).toEqual([]);
      const names = reader.names().filter((name) => name.startsWith("message_"));
      expect(names).toEqual(["message_complete", "message_persisted"]);
    }
    expect(row()).toMatchObject({ status: "complete", text: "one two three", token_count: 3, last_chunk_id: 2 });
    expect(made.database.finalUpdates).toBe(1);
  });

  it("PL2 keeps and stores a plain answer that nobody shows", async () => {
    const { say, row } = await world();
    await say([chunk(0, "alone"), chunk(1, "", { is_final: true })]);
    expect(row()).toMatchObject({ status: "complete", text: "alone", finish_reason: "stop" });
  });

  it("PL3 stores it when the database is back", async () => {
    const { world: made, say, row } = await world();
    await say(chunk(0, "late"));
    made.database.away = true;
    await say(chunk(1, "", close));
    await made.clock.run(60_000);
    expect(row().status).toBe("queued");
    made.database.away = false;
    await made.clock.run(10_000);
    expect(row()).toMatchObject({ status: "complete", text: "late" });
  });

  it("PL4 ends an answer whose chunk stays missing, with the text before it", async () => {
    const { world: made, pods, say, row } = await world();
    const { reader } = await made.read(pods[0]!);
    await say([chunk(0, "begun "), chunk(2, "lost before this")]);
    await made.clock.run(streamLimits.plainGapMs - 5_000);
    expect(row().status).toBe("queued");
    await made.clock.run(10_000);
    expect(row()).toMatchObject({ status: "failed", text: "begun " });
    expect(row().final?.error?.code).toBe("chunk_missing");
    expect(reader.fold("msg_1").text).toBe("begun ");
    expect(reader.names()).toContain("message_complete");
    await say([chunk(1, "too late "), chunk(3, "", close)]);
    expect(reader.fold("msg_1").text).toBe("begun ");
  });

  it("PL4 ends an answer that falls silent", async () => {
    const { world: made, say, row } = await world();
    await say(chunk(0, "and then"));
    await made.clock.run(streamLimits.plainSilenceMs - 10_000);
    expect(row().status).toBe("queued");
    await made.clock.run(20_000);
    expect(row().final?.error?.code).toBe("provider_timeout");
  });

  it("PL5 takes nothing for an answer that does not exist, is another session's or is final", async () => {
    const { world: made, say, row } = await world();
    await say(chunk(0, "x", { message_id: "msg_none", is_final: true }));
    await say(chunk(0, "x", { session_id: "sess_other", is_final: true }), subjects.sessionBroadcast("sess_other"));
    expect(row().status).toBe("queued");
    expect(made.database.finalUpdates).toBe(0);
  });

  it("PL5 drops what has none of our forms", async () => {
    const { world: made, pods, say } = await world();
    const { reader } = await made.read(pods[0]!);
    const wrong = [null, 7, "text", [null], [7], {}, chunk(-1, "x"), chunk(0.5, "x"), chunk(20_000, "x")];
    const odd = [chunk(0, "x", { chunk: 5 }), chunk(0, "x", { message_id: "a.b" }), chunk(0, "x".repeat(70_000))];
    for (const message of [...wrong, ...odd]) await say(message);
    expect(reader.names()).not.toContain("chunk");
    await say(chunk(0, "fine", close));
    expect(reader.fold("msg_1").text).toBe("fine");
  });

  it("PL6 stops a plain answer, and nothing later is shown", async () => {
    const { world: made, pods, say, row } = await world();
    const { reader } = await made.read(pods[0]!);
    await say(chunk(0, "half"));
    const stopping = pods[0]!.stopAnswer("msg_1");
    await made.clock.run(3_000);
    expect(await stopping).toEqual({ kind: "closed", finishReason: "stopped" });
    expect(row()).toMatchObject({ status: "stopped", text: "half" });
    await say(chunk(1, " a word", close));
    expect(reader.fold("msg_1").text).toBe("half");
  });

  it("PL7 lets an attempt of ours replace plain text under the next generation", async () => {
    const { world: made, pods, say, row } = await world();
    const { reader } = await made.read(pods[0]!);
    await say([chunk(0, "their "), chunk(1, "beginning")]);
    await made.worker("worker-a");
    await made.clock.until(() => row().status === "complete");
    await made.clock.run(1_000);
    expect(row()).toMatchObject({ generation: 1, text: made.model.text });
    expect(reader.fold("msg_1").text).toBe(made.model.text);
    await say(chunk(2, " goes on", close));
    expect(reader.fold("msg_1").text).toBe(made.model.text);
  });

  it("PL4 ends an answer of which the first chunk never came", async () => {
    const { world: made, pods, say, row } = await world();
    const { reader } = await made.read(pods[0]!);
    await say([chunk(1, "lost before this"), chunk(2, "", close)]);
    await made.clock.run(streamLimits.plainGapMs - 5_000);
    expect(row().status).toBe("queued");
    await made.clock.run(10_000);
    expect(row()).toMatchObject({ status: "failed", text: "", last_chunk_id: -1 });
    expect(row().final?.error?.code).toBe("chunk_missing");
    expect(reader.events.find(({ event }) => event === "snapshot")?.data).toMatchObject({ status: "failed", upto: -1 });
    expect(reader.names()).toContain("message_persisted");
  });

  it("PL4 counts for each chunk anew how long it is missing", async () => {
    const { world: made, say, row } = await world();
    for (let hole = 0; hole < 8; hole += 2) {
      await say(chunk(hole + 1, "b"));
      await made.clock.run(streamLimits.plainGapMs - 5_000);
      await say(chunk(hole, "a"));
    }
    expect(row().status).toBe("queued");
    await say(chunk(8, "", close));
    expect(row()).toMatchObject({ status: "complete", text: "abababab" });
  });

  it("PL4 calls it silence when nothing comes but what is there already", async () => {
    const { world: made, say, row } = await world();
    for (let passedMs = 0; passedMs <= streamLimits.plainSilenceMs; passedMs += 60_000) {
      await say(chunk(0, "again and again"));
      await made.clock.run(60_000);
    }
    expect(row()).toMatchObject({ status: "failed", text: "again and again" });
  });

  it("PL8 gives a pod that came later the beginning, and the answer goes on when those who heard it are gone", async () => {
    const { world: made, pods, say, row } = await world();
    await say([chunk(0, "one "), chunk(1, "two ")]);
    const late = await made.pod("pod-late");
    const { reader } = await made.read(late);
    await say(chunk(2, "three "));
    await made.clock.run(2_000);
    expect(reader.fold("msg_1").text).toBe("one two three ");
    for (const pod of pods) await pod.stop();
    await say(chunk(3, "four", close));
    await made.clock.run(2_000);
    expect(row()).toMatchObject({ status: "complete", text: "one two three four" });
  });

  it("PL10 S5 ends an answer whose pods are gone with the text that was written down", async () => {
    const { world: made, pods, say, row } = await world();
    await say([chunk(0, "heard "), chunk(1, "by two")]);
    await made.clock.run(streamLimits.plainVouchMs + 2_000);
    for (const pod of pods) await pod.stop();
    const { sweep } = sweeperOf(made);
    await made.clock.run(streamLimits.plainSilenceMs - streamLimits.plainVouchMs);
    await sweep();
    expect(row().status).toBe("queued");
    await made.clock.run(2 * streamLimits.plainVouchMs);
    await sweep();
    expect(row()).toMatchObject({ status: "failed", text: "heard by two", last_chunk_id: 1 });
    expect(row().final?.error?.code).toBe("provider_timeout");
  });

  it("PL10 leaves a long answer to the pods that hear it", async () => {
    const { world: made, say, row } = await world();
    const { sweep } = sweeperOf(made);
    for (let id = 0; id < 10; id++) {
      await say(chunk(id, "slow "));
      await made.clock.run(streamLimits.plainSilenceMs / 2);
      await sweep();
    }
    expect(row().status).toBe("queued");
    await say(chunk(10, "", close));
    expect(row()).toMatchObject({ status: "complete", text: "slow ".repeat(10) });
  });

  it("PL6 stops through a pod that has nothing of it, within a second", async () => {
    const { world: made, say, row } = await world();
    await say(chunk(0, "half"));
    const other = await made.pod("pod-c");
    const startedMs = made.clock.nowMs();
    let tookMs = Number.POSITIVE_INFINITY;
    const stopping = other.stopAnswer("msg_1").then((outcome) => {
      tookMs = made.clock.nowMs() - startedMs;
      return outcome;
    });
    await made.clock.run(3_000);
    expect(await stopping).toEqual({ kind: "closed", finishReason: "stopped" });
    expect(tookMs).toBeLessThanOrEqual(1_000);
    expect(row()).toMatchObject({ status: "stopped", text: "half" });
  });

  it("PL6 stops at once what no pod has any more", async () => {
    const { world: made, pods, say, row } = await world();
    await say(chunk(0, "half"));
    for (const pod of pods) await pod.stop();
    const other = await made.pod("pod-c");
    const stopping = other.stopAnswer("msg_1");
    await made.clock.run(1_000);
    expect(await stopping).toEqual({ kind: "closed", finishReason: "stopped" });
    expect(row()).toMatchObject({ status: "stopped", text: "half" });
  });

  it("PL6 asks a workflow first, and does it where that does nothing", async () => {
    const { world: made, pods, say, row } = await world();
    await say(chunk(0, "half"));
    const asked: unknown[] = [];
    await made.live.subscribe(subjects.messageStop("msg_1"), (message) => asked.push(message));
    const stopping = pods[1]!.stopAnswer("msg_1");
    await made.clock.run(3_000);
    expect(await stopping).toEqual({ kind: "closed", finishReason: "stopped" });
    expect(asked).toHaveLength(1);
    expect(row().status).toBe("stopped");
  });

  it("S3 ends what nobody has begun when somebody wants it stopped, and calls no provider for it", async () => {
    const { world: made, pods, row } = await world();
    const { reader } = await made.read(pods[0]!);
    const { sweep } = sweeperOf(made);
    const stopping = pods[0]!.stopAnswer("msg_1");
    await made.clock.run(3_000);
    expect(await stopping).toEqual({ kind: "stopping" });
    await sweep();
    await made.clock.run(1_000);
    expect(row()).toMatchObject({ status: "stopped", text: "", last_chunk_id: -1 });
    expect(reader.names()).toContain("message_persisted");
    await made.worker("worker-a");
    await made.clock.run(5_000);
    expect(made.model.calls).toBe(0);
    expect(made.database.finalUpdates).toBe(1);
  });

  it("S6 leaves a job that waits in the queue where it is, however long", async () => {
    const { world: made, row } = await world();
    const { sweep, taken } = sweeperOf(made);
    for (let minutes = 0; minutes < 10; minutes++) {
      await made.clock.run(streamLimits.unownedJobMs + 1_000);
      await sweep();
    }
    expect(row().status).toBe("queued");
    expect(await taken()).toBe(1);
  });

  it("S6 gives up a job of which nothing comes however often it is taken, and says why", async () => {
    const { world: made, row } = await world();
    const { sweep, taken } = sweeperOf(made);
    let times = 0;
    for (let minutes = 0; minutes < 10; minutes++) {
      times += await taken();
      await made.clock.run(streamLimits.unownedJobMs + 1_000);
      await sweep();
    }
    expect(times).toBe(streamLimits.barrenAttempts);
    expect(row()).toMatchObject({ status: "failed" });
    expect(row().final?.error?.code).toBe("attempts_exhausted");
    expect(row().final?.attempts).toBe(streamLimits.barrenAttempts);
  });

  it("PL12 ends an answer whose chunks nobody can read, with the reason, and its job is not queued again", async () => {
    const { world: made, say, row } = await world();
    const { sweep, taken } = sweeperOf(made);
    expect(await taken()).toBe(1);
    await say(chunk(0, "", { chunk: { text: "secret words" } }));
    await say(chunk(1, "", { chunk: 5, is_final: true }));
    await made.clock.run(streamLimits.plainGapMs + 3_000);
    expect(row()).toMatchObject({ status: "failed", text: "" });
    expect(row().final?.error).toMatchObject({ code: "provider_bad_response" });
    expect(row().final?.error?.message).toContain("chunk 0, chunk: Invalid input: expected string, received object");
    expect(row().final?.error?.message).not.toContain("secret");
    await made.clock.run(streamLimits.unownedJobMs + 1_000);
    await sweep();
    expect(await taken()).toBe(0);
  });

  it("PL13 takes null and empty fields for absent, numbers for times, an object for a list, and ignores what it does not know", async () => {
    const { world: made, pods, say, row } = await world();
    const { reader } = await made.read(pods[0]!);
    const go = { generation: null, attempt: 0, offset: null, metadata: null, error: null, correlation_id: null };
    const first = { ...chunk(0, "one "), ...go, chunk_type: "", timestamp: 1_767_225_600, is_final: null, page: 3 };
    const second = { ...chunk(1, "two "), ...go, timestamp: 1_767_225_600_500, error: "" };
    await say({ chunks: [second, first], batch_id: "b" });
    expect(reader.fold("msg_1").text).toBe("one two ");
    const times = reader.events.flatMap(({ event, data }) => (event === "chunk" ? [data.timestamp] : []));
    expect(times).toEqual(["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.500Z"]);
    await say({ ...chunk(2, ""), ...go, chunk: null, is_final: true, timestamp: null });
    expect(row()).toMatchObject({ status: "complete", text: "one two ", finish_reason: "stop" });
  });

  it("PL13 takes an error that is a text", async () => {
    const { say, row } = await world();
    await say(chunk(0, "begun"));
    await say(chunk(1, "", { is_final: true, error: "upstream closed" }));
    expect(row()).toMatchObject({ status: "failed", text: "begun" });
    expect(row().final?.error?.message).toBe("upstream closed");
  });

  it("B2 keeps all chunks of a plain answer that come before its first", async () => {
    const { say, row } = await world();
    const all = Array.from({ length: 2_000 }, (_, id) => chunk(id, `${id} `, id === 1_999 ? close : {}));
    await say(all.toReversed());
    expect(row()).toMatchObject({ status: "complete", text: all.map(({ chunk: text }) => text).join("") });
  });

  it("B3 ends a plain answer that is larger than an answer may be, also while it waits for a chunk", async () => {
    const { world: made, say, row } = await world();
    for (let id = 1; id <= 66; id++) await say(chunk(id, "x".repeat(65_000)));
    await made.clock.run(3_000);
    expect(row().final?.error?.code).toBe("answer_too_long");
  });

  it("B4 ends the answer heard of longest ago where too many wait for a chunk", async () => {
    const { world: made, events } = await worldWithEvents();
    const count = streamLimits.plainBehind + 2;
    for (let index = 0; index < count; index++) {
      await made.ask(`msg_x${index}`);
      made.live.publish(subjects.sessionBroadcast("sess_1"), chunk(1, "early", { message_id: `msg_x${index}` }));
      if (index < 2) await made.clock.run(10);
    }
    await made.clock.run(3_000);
    const statusOf = (index: number) => made.database.rows.get(`msg_x${index}`)!.status;
    expect([statusOf(0), statusOf(1), statusOf(2), statusOf(count - 1)]).toEqual([
      "failed",
      "failed",
      "queued",
      "queued",
    ]);
    const evicted = events.filter(({ kind }) => kind === "plain_evicted");
    expect(evicted).toEqual([0, 1].map((index) => ({ kind: "plain_evicted", message_id: `msg_x${index}` })));
  });

  it("PL5 warns of a chunk that comes again with another text, and keeps the first", async () => {
    const { world: made, events, row } = await worldWithEvents();
    await made.ask("msg_1");
    const say = (id: number, text: string, more = {}) =>
      made.live.publish(subjects.sessionBroadcast("sess_1"), chunk(id, text, more));
    for (const text of ["first", "first", "second"]) say(0, text);
    for (const text of ["early", "early", "other"]) say(2, text);
    say(1, " ");
    say(3, "", close);
    await made.clock.run(100);
    expect(events.filter(({ kind }) => kind === "altered_repeat")).toHaveLength(2);
    expect(row()).toMatchObject({ status: "complete", text: "first early" });
  });

  it("S2 queues an answer again that nobody has begun, and leaves a plain one to the pods that hear it", async () => {
    const { world: made, say, row } = await world();
    const { database: outbox, queue, owners, live, clock } = made;
    const ports = { outbox, ledger: outbox, queue, owners, live, clock };
    const sweeper = new Sweeper({ ...ports, sweepConnections: async () => undefined });
    const taken = async () => {
      const jobs = queue.take(10, 10);
      await clock.run(20);
      return (await jobs).map((delivery) => queue.ack(delivery)).length;
    };
    const swept = async () => {
      await clock.run(streamLimits.unownedJobMs + 1_000);
      const round = sweeper.sweep();
      await clock.run(2_000);
      await round;
    };
    expect(await taken()).toBe(1);
    await swept();
    expect(await taken()).toBe(1);
    await say(chunk(0, "slow"));
    await swept();
    expect(row().plain).toBe(true);
    expect(await taken()).toBe(0);
  });
});
