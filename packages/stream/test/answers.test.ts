import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const text = "one two three four five six seven eight nine ten";

describe("an answer from job to row", () => {
  it("W1 W8 is streamed to a reader, stored once and acknowledged", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.names().includes("message_persisted"));
    expect(reader.fold("msg_1").text).toBe(text);
    expect(reader.fold("msg_1").verified()).toBe(true);
    expect(reader.violations).toEqual([]);
    expect(world.database.rows.get("msg_1")).toMatchObject({ status: "complete", text, finish_reason: "stop" });
    expect(world.database.finalUpdates).toBe(1);
    expect(reader.names().filter((name) => name === "chunk")).toHaveLength(11);
    expect(reader.names().filter((name) => name === "message_complete")).toHaveLength(1);
  });

  it("P5 a reader that joins in the middle has the text so far and then the rest", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    const other = await world.pod("pod-b");
    await world.worker("worker-a");
    const first = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => first.reader.fold("msg_1").nextChunkId > 3);
    const joining = await world.read(other);
    await world.clock.until(() => joining.reader.names().includes("message_complete"));
    expect(joining.reader.fold("msg_1").text).toBe(text);
    expect(joining.reader.violations).toEqual([]);
  });

  it("T1 a worker that dies is sealed and another goes on where it stopped", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    let dead = false;
    const { live } = world;
    // The dead worker neither sends nor hears, and its appends are never answered.
    const mortal = {
      journal: {
        append: (...args: Parameters<typeof world.journal.append>) =>
          dead ? new Promise<never>(() => undefined) : world.journal.append(...args),
        read: world.journal.read.bind(world.journal),
        at: world.journal.at.bind(world.journal),
        tail: (id: string) => (dead ? new Promise<never>(() => undefined) : world.journal.tail(id)),
        trim: world.journal.trim.bind(world.journal),
      },
      live: {
        publish: (subject: string, message: unknown) => {
          if (!dead) live.publish(subject, message);
        },
        subscribe: (filter: string, handler: Parameters<typeof live.subscribe>[1]) =>
          live.subscribe(filter, (...heard) => {
            if (!dead) handler(...heard);
          }),
        request: live.request.bind(live),
      },
    };
    world.model.wordIntervalMs = 500;
    await world.worker("worker-a", mortal);
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.fold("msg_1").nextChunkId > 3);
    await world.worker("worker-b");
    await world.clock.run(1000);
    dead = true;
    await world.clock.until(() => reader.names().includes("message_complete"));
    expect(reader.fold("msg_1").text).toBe(text);
    expect(reader.fold("msg_1").attempt).toBe(2);
    expect(reader.violations).toEqual([]);
    await world.clock.until(() => world.database.finalUpdates === 1);
    expect(world.database.rows.get("msg_1")?.text).toBe(text);
  });
});
