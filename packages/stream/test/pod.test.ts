import { type Chunk, subjects } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import type { LiveChannel } from "../src/index.ts";
import { World } from "./world.ts";

const text = "one two three four five six seven eight nine ten";

/** Loses what `lose` names on its way to the pods, and only that. */
function losing(live: LiveChannel, lose: (subject: string, message: unknown) => boolean): LiveChannel {
  return {
    publish: (subject, message) => {
      if (!lose(subject, message)) live.publish(subject, message);
    },
    subscribe: live.subscribe.bind(live),
    request: live.request.bind(live),
  };
}

function isChunks(message: unknown): message is Chunk[] {
  return Array.isArray(message);
}

async function answered(lose: (subject: string, message: unknown) => boolean, wordIntervalMs = 20) {
  const world = new World(text);
  world.model.wordIntervalMs = wordIntervalMs;
  const pod = await world.pod("pod-a");
  await world.worker("worker-a", { live: losing(world.live, lose) });
  const { reader } = await world.read(pod);
  await world.ask("msg_1");
  return { world, pod, reader };
}

describe("pod", () => {
  it("P2 asks the owner for what is missing in the middle", async () => {
    const { world, reader } = await answered(
      (_s, message) => isChunks(message) && message.some((c) => c.chunk_id === 4),
    );
    await world.clock.until(() => reader.fold("msg_1").nextChunkId > 4, 2_000);
    await world.clock.until(() => reader.names().includes("message_complete"));
    expect(reader.fold("msg_1").text).toBe(text);
    expect(reader.violations).toEqual([]);
  });

  it("P3 finds a last chunk that was lost by the positions", async () => {
    const { world, reader } = await answered(
      (_s, message) =>
        (isChunks(message) && message.some((c) => c.is_final)) || Object.hasOwn(message as object, "persisted"),
    );
    await world.clock.until(() => reader.names().includes("message_complete"), 5_000);
    expect(reader.fold("msg_1").text).toBe(text);
  });

  it("P4 shows an answer of which it heard nothing at all, by listing and asking", async () => {
    const { world, reader } = await answered((subject) => subject.startsWith("chat.pod."), 2_000);
    await world.clock.until(() => reader.names().includes("message_complete"), 60_000);
    expect(reader.fold("msg_1").text).toBe(text);
    expect(reader.violations).toEqual([]);
  });

  it("P8 tells its readers once that an answer is being recovered", async () => {
    let silent = false;
    const { world, reader } = await answered(() => silent);
    await world.clock.until(() => reader.fold("msg_1").nextChunkId > 2);
    silent = true;
    const { request } = world.live;
    world.live.request = async (subject, message, timeoutMs) =>
      subject.endsWith(".read") ? { kind: "timeout" } : request.call(world.live, subject, message, timeoutMs);
    await world.clock.run(5_000);
    silent = false;
    await world.clock.until(() => reader.names().includes("message_complete"), 30_000);
    expect(reader.names().filter((name) => name === "recovering").length).toBeLessThanOrEqual(1);
    expect(reader.fold("msg_1").text).toBe(text);
  });

  it("P1 serves connections on two pods the same text", async () => {
    const world = new World(text);
    const pods = [await world.pod("pod-a"), await world.pod("pod-b")];
    await world.worker("worker-a");
    const readers = await Promise.all(pods.map(async (pod) => (await world.read(pod)).reader));
    await world.ask("msg_1");
    await world.clock.until(() => readers.every((reader) => reader.names().includes("message_complete")));
    for (const reader of readers) {
      expect(reader.fold("msg_1").text).toBe(text);
      expect(reader.violations).toEqual([]);
    }
  });

  it("P5 resumes on another pod from the cursor without repeating a chunk", async () => {
    const world = new World(text);
    const [first, second] = [await world.pod("pod-a"), await world.pod("pod-b")];
    await world.worker("worker-a");
    const { reader, id } = await world.read(first);
    await world.ask("msg_1");
    await world.clock.until(() => reader.fold("msg_1").nextChunkId >= 4);
    first.detach(id);
    const before = reader.fold("msg_1").nextChunkId;
    await world.clock.run(60);
    const resumed = await world.read(second, ["sess_1"], reader.cursor!);
    await world.clock.until(() => resumed.reader.names().includes("message_complete"));
    const ids = resumed.reader.events.flatMap((event) => (event.event === "chunk" ? [event.data.chunk_id] : []));
    expect(ids).toEqual(Array.from({ length: 11 - before }, (_, index) => before + index));
    for (const event of resumed.reader.events) if (event.event === "chunk") reader.send(event, null);
    expect(reader.fold("msg_1").text).toBe(text);
    expect(reader.violations).toEqual([]);
  });

  it("P5 P6 gives a reader the final row of what its cursor calls unfinished, and nothing of other sessions", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    await world.ask("msg_1");
    await world.ask("msg_other", "sess_other");
    await world.clock.until(() => world.database.finalUpdates === 2);
    const { reader } = await world.read(pod, ["sess_1"], "1~msg_1:0.3,msg_other:0.1,msg_unknown:0.2");
    await world.clock.until(() => reader.names().includes("ready"));
    expect(reader.names()).toEqual(["snapshot", "message_complete", "message_persisted", "ready"]);
    expect(reader.fold("msg_1").text).toBe(text);
    expect(reader.folds.has("msg_other")).toBe(false);
  });

  it("P7 stops pushing to a reader that takes nothing, makes up when it drains and closes it after 30 s", async () => {
    const world = new World(text);
    world.model.wordIntervalMs = 5_000;
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    const slow = await world.read(pod);
    const quick = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => slow.reader.fold("msg_1").nextChunkId === 2);
    slow.reader.unsentBytes = 300 * 1024;
    await world.clock.until(() => quick.reader.fold("msg_1").nextChunkId === 5);
    expect(slow.reader.fold("msg_1").nextChunkId).toBe(2);
    slow.reader.unsentBytes = 0;
    pod.drained(slow.id);
    expect(slow.reader.fold("msg_1").nextChunkId).toBe(5);
    slow.reader.unsentBytes = 300 * 1024;
    await world.clock.until(() => slow.reader.closed.length > 0, 60_000);
    expect(slow.reader.closed[0]).toBe("slow_reader");
    expect(quick.reader.closed).toEqual([]);
    expect(slow.reader.violations).toEqual([]);
  });

  it("P9 replaces a text that differs from the final row", async () => {
    const { world, reader } = await answered(() => false);
    await world.clock.until(() => reader.fold("msg_1").nextChunkId >= 5);
    const { finalize } = world.database;
    world.database.finalize = (answer) => finalize.call(world.database, { ...answer, text: "another text" });
    await world.clock.until(() => reader.names().includes("message_persisted"));
    await world.clock.run(100);
    expect(reader.events.filter((event) => event.event === "snapshot").map((event) => event.data.text)).toEqual([
      "another text",
    ]);
  });

  it("P10 needs no registry", async () => {
    const world = new World(text);
    const broken = async () => {
      throw new Error("the registry is away");
    };
    Object.assign(world.registry, { register: broken, renew: broken, find: broken, deregister: broken, sweep: broken });
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.names().includes("message_complete"), 2_000);
    expect(reader.fold("msg_1").text).toBe(text);
  });

  it("P10 comes back to a cursor it could not look up while the database was away", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    await world.ask("msg_1");
    await world.clock.until(() => world.database.finalUpdates === 1);
    world.database.away = true;
    const { reader } = await world.read(pod, ["sess_1"], "1~msg_1:0.3");
    await world.clock.until(() => reader.names().includes("ready"));
    expect(reader.events.find((event) => event.event === "ready")?.data).toEqual({ recovered: false });
    world.database.away = false;
    await world.clock.until(() => reader.names().includes("message_complete"), 20_000);
    expect(reader.fold("msg_1").text).toBe(text);
  });

  it("P1 passes user events on to every connection of the user", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    const { reader } = await world.read(pod, []);
    const event = { event: "session_updated", data: { session_id: "sess_9", change: "deleted" } };
    world.live.publish(subjects.userEvent("user_1"), event);
    world.live.publish(subjects.userEvent("user_2"), { ...event, data: { session_id: "sess_8", change: "deleted" } });
    await world.clock.run(10);
    expect(reader.events.filter(({ event: name }) => name === "session_updated")).toEqual([event]);
  });
});
