import { subjects } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { Sweeper, streamLimits } from "../src/index.ts";
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

  it("S2 queues an answer again that nobody has begun, and leaves a plain one to the pods that hear it", async () => {
    const { world: made, say, row } = await world();
    const { database: outbox, queue, owners, live, clock } = made;
    const sweeper = new Sweeper({
      outbox,
      ledger: outbox,
      queue,
      owners,
      live,
      clock,
      sweepConnections: async () => undefined,
    });
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
