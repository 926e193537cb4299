import { describe, expect, it } from "vitest";
import { Mortal } from "./mortal.ts";
import { type TestReader, World } from "./world.ts";

const text = "one two three four five six seven eight nine ten";

/** A world in which a worker has written a few words, another is ready, and a reader looks on. */
async function halfWritten(): Promise<{ world: World; first: Mortal; reader: TestReader }> {
  const world = new World(text);
  world.model.wordIntervalMs = 500;
  const pod = await world.pod("pod-a");
  const first = new Mortal(world);
  await world.worker("worker-a", first.ports);
  const { reader } = await world.read(pod);
  await world.ask("msg_1");
  await world.clock.until(() => reader.fold("msg_1").nextChunkId >= 3);
  await world.worker("worker-b");
  await world.clock.run(1_000);
  return { world, first, reader };
}

function expectWhole(world: World, reader: TestReader): void {
  expect(reader.fold("msg_1").text).toBe(text);
  expect(reader.fold("msg_1").verified()).toBe(true);
  expect(reader.violations).toEqual([]);
  expect(reader.names().filter((name) => name === "message_complete")).toHaveLength(1);
  expect(world.database.rows.get("msg_1")).toMatchObject({ status: "complete", text });
  expect(world.database.finalUpdates).toBe(1);
}

describe("take-over", () => {
  it("T1 seals a dead worker and goes on where it stopped", async () => {
    const { world, first, reader } = await halfWritten();
    first.kill();
    await world.clock.until(() => world.database.finalUpdates > 0);
    await world.clock.run(2_000);
    expectWhole(world, reader);
    expect(reader.fold("msg_1").attempt).toBe(2);
    expect(world.model.continuedFrom).toHaveLength(1);
    expect(text.startsWith(world.model.continuedFrom[0]!)).toBe(true);
  });

  it("T1 tells readers by a reset when the provider cannot go on from a prefix", async () => {
    const { world, first, reader } = await halfWritten();
    world.model.continues = false;
    first.kill();
    await world.clock.until(() => world.database.finalUpdates > 0);
    await world.clock.run(2_000);
    expectWhole(world, reader);
    expect(reader.fold("msg_1").resets).toBe(1);
  });

  it("T4 a worker frozen for 25 s that thaws commits and shows nothing more", async () => {
    const { world, first, reader } = await halfWritten();
    first.freeze();
    await world.clock.run(25_000);
    first.thaw();
    await world.clock.run(10_000);
    expectWhole(world, reader);
    expect(world.events.filter((event) => event.kind === "fenced").map((event) => event.worker_id)).toEqual([
      expect.stringMatching(/^worker-a-/),
    ]);
    // W10: it is back under another id and works.
    await world.ask("msg_2");
    await world.clock.until(() => reader.fold("msg_2").close !== null);
    expect(reader.fold("msg_2").text).toBe(text);
  });

  it("T4 a worker frozen for less than the others' patience goes on by itself", async () => {
    const { world, first, reader } = await halfWritten();
    first.freeze();
    await world.clock.run(900);
    first.thaw();
    await world.clock.until(() => world.database.finalUpdates > 0);
    await world.clock.run(2_000);
    expectWhole(world, reader);
    expect(reader.fold("msg_1").attempt).toBe(1);
  });

  it("W5 leaves an answer to its living owner when the job is delivered again", async () => {
    const { world, reader } = await halfWritten();
    await world.queue.enqueue("msg_1:0.again", world.database.rows.get("msg_1")!.request);
    await world.clock.until(() => world.database.finalUpdates > 0);
    await world.clock.run(5_000);
    expectWhole(world, reader);
    expect(reader.fold("msg_1").attempt).toBe(1);
    expect(world.model.calls).toBe(1);
  });

  it("T3 starts an answer whose journals are gone under the next generation", async () => {
    const { world, first, reader } = await halfWritten();
    first.kill();
    // The log of the dead worker is wiped.
    const { tail, read } = world.journal;
    world.journal.tail = async (id) => (id.startsWith("worker-a") ? null : tail.call(world.journal, id));
    world.journal.read = async (id, from) => (id.startsWith("worker-a") ? [] : read.call(world.journal, id, from));
    await world.queue.enqueue("msg_1:0.again", world.database.rows.get("msg_1")!.request);
    await world.clock.until(() => world.database.finalUpdates > 0);
    await world.clock.run(2_000);
    expectWhole(world, reader);
    expect(reader.fold("msg_1").generation).toBe(1);
  });

  it("W12 gives an answer up after three attempts without text", async () => {
    const world = new World(text);
    world.model.wordIntervalMs = 60_000;
    const pod = await world.pod("pod-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    for (let attempt = 1; attempt <= 3; attempt++) {
      const mortal = new Mortal(world);
      await world.worker(`worker-${attempt}`, mortal.ports);
      await world.clock.until(() => world.events.filter((event) => event.kind === "opened").length === attempt);
      mortal.kill();
    }
    await world.worker("worker-last");
    await world.clock.until(() => reader.fold("msg_1").close !== null);
    expect(reader.fold("msg_1").close?.error?.code).toBe("attempts_exhausted");
    await world.clock.until(() => world.database.finalUpdates > 0);
    expect(world.database.rows.get("msg_1")?.status).toBe("failed");
    expect(world.model.calls).toBe(3);
  });

  it("W11 hands over what does not finish within the grace time", async () => {
    const world = new World(text);
    world.model.wordIntervalMs = 500;
    const pod = await world.pod("pod-a");
    const worker = await world.worker("worker-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.fold("msg_1").nextChunkId >= 3);
    await world.worker("worker-b");
    const drained = worker.drain(100);
    await world.clock.until(() => world.database.finalUpdates > 0);
    await drained;
    await world.clock.run(2_000);
    expectWhole(world, reader);
    expect(reader.fold("msg_1").attempt).toBe(2);
  });
});
