import { isFinalStatus, type WorkflowRequest } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { ModelError, PermanentStoreError, Sweeper } from "../src/index.ts";
import { World } from "./world.ts";

const text = "one two three four five six seven eight nine ten";

function sweeperOf(world: World): Sweeper {
  const { queue, owners, live, clock, database } = world;
  return new Sweeper({
    outbox: database,
    ledger: database,
    queue,
    owners,
    live,
    clock,
    sweepConnections: async () => undefined,
  });
}

function row(world: World, messageId = "msg_1") {
  return world.database.rows.get(messageId)!;
}

describe("worker", () => {
  it("W2 ends a job whose row is final, gone or of a higher generation without an attempt", async () => {
    const world = new World(text);
    for (const id of ["msg_final", "msg_gone", "msg_raised"]) await world.ask(id);
    world.database.rows.set("msg_final", { ...row(world, "msg_final"), status: "complete" });
    world.database.rows.delete("msg_gone");
    await world.database.raiseGeneration("msg_raised", 0);
    await world.worker("worker-a");
    await world.clock.run(60_000);
    expect(world.model.calls).toBe(0);
    const left = world.queue.take(10, 0);
    await world.clock.run(1);
    expect(await left).toEqual([]);
  });

  it("W3 begins nothing while the database is away and begins when it is back", async () => {
    const world = new World(text);
    await world.ask("msg_1");
    world.database.away = true;
    await world.worker("worker-a");
    await world.clock.run(10_000);
    expect(world.model.calls).toBe(0);
    world.database.away = false;
    await world.clock.until(() => world.database.finalUpdates === 1);
    expect(row(world).text).toBe(text);
  });

  it("W8 streams on while the database is away and stores the answer when it is back", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    const worker = await world.worker("worker-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.fold("msg_1").nextChunkId > 2);
    world.database.away = true;
    expect(worker.unstored).toEqual({ count: 0, oldestMs: 0 });
    await world.clock.until(() => reader.names().includes("message_complete"));
    expect(reader.fold("msg_1").text).toBe(text);
    await world.clock.run(60_000);
    expect(worker.unstored.count).toBe(1);
    expect(worker.unstored.oldestMs).toBeGreaterThanOrEqual(60_000);
    expect(worker.unstored.oldestMs).toBeLessThan(70_000);
    world.database.away = false;
    await world.clock.until(() => world.database.finalUpdates === 1);
    await world.clock.until(() => worker.unstored.count === 0);
    expect(row(world)).toMatchObject({ status: "complete", text });
  });

  it("W8 stores an answer that the database refuses as failed with its text", async () => {
    const world = new World(text);
    const { finalize } = world.database;
    let refusals = 0;
    world.database.finalize = async (answer) => {
      if (answer.status === "complete" && ++refusals > 0) throw new PermanentStoreError("refused");
      return finalize.call(world.database, answer);
    };
    await world.worker("worker-a");
    await world.ask("msg_1");
    await world.clock.until(() => world.database.finalUpdates === 1);
    expect(refusals).toBe(1);
    expect(row(world)).toMatchObject({ status: "failed", text });
    expect(world.events.filter(({ kind }) => kind === "unstorable")).toEqual([
      expect.objectContaining({ message_id: "msg_1", attempt: 1, reason: "refused" }),
    ]);
  });

  it("JW9 keeps nothing of an answer in the journal once it was stored for long, not even in the last entry", async () => {
    const world = new World(text);
    const worker = await world.worker("worker-a");
    await world.ask("msg_1");
    await world.clock.until(() => world.database.finalUpdates === 1);
    const kept = async () => JSON.stringify(await world.journal.read(worker.workerId, 0));
    expect(await kept()).toContain("ten");
    // The delay of these tests and two rounds of trimming.
    await world.clock.run(60_000 + 2 * 60_000);
    expect(await kept()).not.toContain("ten");
    expect(await kept()).not.toContain("msg_1");
    // The journal itself must never be empty, which would mean that it is sealed.
    expect(await world.journal.tail(worker.workerId)).not.toBeNull();
    await world.ask("msg_2");
    await world.clock.until(() => world.database.finalUpdates === 2);
  });

  it("W7 stops only when the close is committed, and nothing follows it", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.fold("msg_1").nextChunkId > 3);
    const stopped = pod.stopAnswer("msg_1");
    await world.clock.run(100);
    expect(await stopped).toEqual({ kind: "closed", finishReason: "stopped" });
    const { text: shown, close } = reader.fold("msg_1");
    expect(close?.metadata?.finish_reason).toBe("stopped");
    await world.clock.run(5_000);
    expect(reader.fold("msg_1").text).toBe(shown);
    expect(row(world)).toMatchObject({ status: "stopped", text: shown });
    expect(world.model.aborted).toBe(1);
    const again = pod.stopAnswer("msg_1");
    await world.clock.run(100);
    expect(await again).toMatchObject({ finishReason: "stopped" });
  });

  it("W6 S3 carries out a stop that came before the job had begun, without calling a provider", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    await world.ask("msg_1");
    const stopped = pod.stopAnswer("msg_1");
    await world.clock.run(2_000);
    expect(await stopped).toEqual({ kind: "stopping" });
    await world.worker("worker-a");
    await world.clock.until(() => world.database.finalUpdates === 1);
    expect(row(world)).toMatchObject({ status: "stopped", text: "" });
    expect(world.model.calls).toBe(0);
  });

  it("W5 begins with what an earlier answer had said, and goes on behind it", async () => {
    for (const continues of [true, false]) {
      const world = new World(text);
      world.model.continues = continues;
      await world.worker("worker-a");
      await world.ask("msg_1", "sess_1", "one two ");
      await world.clock.until(() => world.database.finalUpdates === 1);
      // Who cannot go on from a prefix is asked with it, and here says all of it again.
      expect(row(world).text).toBe(continues ? text : `one two ${text}`);
      expect(world.model.continuedFrom).toEqual(continues ? ["one two "] : []);
    }
  });

  it("W9 closes an answer with the provider's error and keeps its text", async () => {
    const world = new World(text);
    const { generate } = world.model;
    world.model.generate = async function* (...args) {
      let words = 0;
      for await (const part of generate.apply(world.model, args)) {
        if (words++ === 3) throw new ModelError("provider_overloaded", "The provider is overloaded.", true);
        yield part;
      }
    };
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.names().includes("message_complete"));
    expect(reader.fold("msg_1").close?.error?.code).toBe("provider_overloaded");
    await world.clock.until(() => world.database.finalUpdates === 1);
    expect(row(world)).toMatchObject({ status: "failed", text: "one two three " });
  });

  it("W9 an adapter that throws something else ends its answer and no other", async () => {
    const world = new World(text);
    const { generate } = world.model;
    world.model.generate = async function* (request, signal) {
      if (request.messages[0]?.content === "break") throw new TypeError("a fault of the adapter");
      yield* generate.call(world.model, request, signal);
    };
    await world.worker("worker-a");
    await world.ask("msg_1");
    await world.ask("msg_2");
    world.database.rows.get("msg_1")!.request = { ...row(world).request, message: "break" };
    await world.queue.enqueue("msg_1:again", { ...row(world).request });
    await world.clock.until(() => world.database.finalUpdates === 2);
    expect(row(world, "msg_2").text).toBe(text);
  });

  it("W4 gives a second delivery of a running job back", async () => {
    const world = new World(text);
    await world.worker("worker-a");
    await world.ask("msg_1");
    await world.clock.run(50);
    await world.queue.enqueue("msg_1:0.again", row(world).request);
    await world.clock.until(() => world.database.finalUpdates === 1);
    await world.clock.run(10_000);
    expect(world.model.calls).toBe(1);
  });
});

describe("sweeper", () => {
  it("S1 publishes a stored job that was never published", async () => {
    const world = new World(text);
    await world.ask("msg_1");
    const { request } = row(world);
    const fresh = new World(text);
    fresh.database.add({ ...request, timestamp: new Date(fresh.clock.nowMs()).toISOString() });
    await fresh.worker("worker-a");
    const sweeper = sweeperOf(fresh);
    sweeper.start();
    await fresh.clock.until(() => fresh.database.finalUpdates === 1);
    expect(fresh.database.rows.get("msg_1")?.queuedAtMs).not.toBeNull();
    await sweeper.stop();
  });

  it("S3 has a queue made anew that has taken nothing for 45 s, and fills it", async () => {
    const world = new World(text);
    await world.ask("msg_1");
    const { request } = row(world);
    const fresh = new World(text);
    fresh.database.add({ ...request, timestamp: new Date(fresh.clock.nowMs()).toISOString() });
    const { database, owners, live, clock } = fresh;
    let isBroken = true;
    const rebuiltAtMs: number[] = [];
    const sweeper = new Sweeper({
      ...{ outbox: database, ledger: database, owners, live, clock, sweepConnections: async () => undefined },
      queue: Object.assign(Object.create(fresh.queue) as typeof fresh.queue, {
        enqueue: (id: string, job: typeof request) =>
          isBroken ? Promise.reject(new Error("nobody leads")) : fresh.queue.enqueue(id, job),
      }),
      rebuildQueue: async () => {
        rebuiltAtMs.push(clock.nowMs());
        // At first nobody can say whether it is broken.
        isBroken = rebuiltAtMs.length < 2;
        return !isBroken;
      },
    });
    const startedMs = clock.nowMs();
    sweeper.start();
    await fresh.worker("worker-a");
    await clock.until(() => database.finalUpdates === 1, 120_000);
    await sweeper.stop();
    expect(rebuiltAtMs.length).toBe(2);
    expect(rebuiltAtMs[0]! - startedMs).toBeGreaterThanOrEqual(45_000);
  });

  it("S2 queues an answer again whose owner is gone and whose job was lost", async () => {
    const world = new World(text);
    await world.ask("msg_1");
    await world.queue.take(1, 0);
    await world.owners.claim(
      "msg_1",
      { generation: 0, attempt: 1, worker_id: "worker-dead", nonce: "n", base: null },
      0,
    );
    await world.journal.append("worker-dead", { number: 0, records: [{ kind: "born", worker_id: "worker-dead" }] }, 0);
    await world.worker("worker-a");
    const sweeper = sweeperOf(world);
    sweeper.start();
    await world.clock.until(() => world.database.finalUpdates === 1, 15_000);
    expect(row(world).text).toBe(text);
    await sweeper.stop();
  });

  it("S4 starts what was published before under the next generation, the rest as it is", async () => {
    const world = new World(text);
    await world.ask("msg_1");
    world.database.add({ ...row(world).request, message_id: "msg_2" });
    const fresh = new World(text);
    for (const [id, kept] of world.database.rows) fresh.database.rows.set(id, kept);
    const sweeper = sweeperOf(fresh);
    expect(await sweeper.restartAll()).toBe(2);
    await fresh.worker("worker-a");
    await fresh.clock.until(() => [...fresh.database.rows.values()].every(({ status }) => isFinalStatus(status)));
    expect(fresh.database.rows.get("msg_1")?.generation).toBe(1);
    expect(fresh.database.rows.get("msg_2")?.generation).toBe(0);
  });

  it("S5 mends every row by itself, and cleans up whatever fails", async () => {
    const world = new World(text);
    for (const id of ["msg_1", "msg_2", "msg_3"]) world.database.add(requestOf(id));
    const { queue, database, failures, sweeper } = failing(world, { connections: true });
    const enqueue = queue.enqueue.bind(queue);
    queue.enqueue = async (id, job) => {
      if (job.message_id !== "msg_3") throw new Error(`${job.message_id} is refused`);
      return enqueue(id, job);
    };
    let cleaned = 0;
    database.removeExpired = async () => {
      cleaned++;
    };
    await world.clock.run(2_000);
    const round = sweeper.sweep();
    await world.clock.run(100);
    await round;
    expect(row(world, "msg_3").queuedAtMs).not.toBeNull();
    expect(failures.map(String)).toEqual([
      "Error: msg_1 is refused",
      "Error: msg_2 is refused",
      "Error: the registry is away",
    ]);
    expect(cleaned).toBe(1);
  });

  it("S5 leaves the rest to the next round where many rows fail one after another, and begins there", async () => {
    const world = new World(text);
    const ids = Array.from({ length: 20 }, (_, index) => `msg_${String(index).padStart(2, "0")}`);
    for (const id of ids) world.database.add(requestOf(id));
    const { queue, failures, sweeper } = failing(world);
    const tried: string[] = [];
    queue.enqueue = async (_id, job) => {
      tried.push(job.message_id);
      throw new Error("refused");
    };
    await world.clock.run(2_000);
    for (let count = 0; count < 4; count++) {
      const round = sweeper.sweep();
      await world.clock.run(100);
      await round;
    }
    expect(tried).toEqual([...ids, ...ids.slice(0, 8)]);
    expect(failures.length).toBe(28);
  });

  it("S6 ends an answer whose job the queue can never take, with the reason, and does not try again", async () => {
    const world = new World(text);
    world.database.add({ ...requestOf("msg_1"), message: '"'.repeat(600_000) });
    world.database.add(requestOf("msg_2"));
    const pod = await world.pod("pod-a");
    const { reader } = await world.read(pod);
    const { failures, sweeper } = failing(world);
    await world.clock.run(2_000);
    for (let count = 0; count < 2; count++) {
      const round = sweeper.sweep();
      await world.clock.run(2_000);
      await round;
    }
    expect(row(world)).toMatchObject({ status: "failed", text: "", finish_reason: "error" });
    expect(row(world).final?.error).toMatchObject({ code: "job_unqueueable" });
    expect(row(world, "msg_2").queuedAtMs).not.toBeNull();
    expect(failures).toHaveLength(1);
    const [snapshot, complete, persisted] = reader.events.filter(({ event }) => event !== "ready");
    expect(snapshot).toMatchObject({ event: "snapshot", data: { message_id: "msg_1", status: "failed", text: "" } });
    expect(complete).toMatchObject({ event: "message_complete", data: { message_id: "msg_1" } });
    expect(persisted).toMatchObject({ event: "message_persisted", data: { message_id: "msg_1" } });
  });

  it("S5 begins anew what can, when a process starts over, whatever the queue refuses of the rest", async () => {
    const world = new World(text);
    world.database.add(requestOf("msg_1"));
    world.database.add(requestOf("msg_2"));
    const { queue, sweeper } = failing(world);
    const enqueue = queue.enqueue.bind(queue);
    queue.enqueue = async (id, job) => {
      if (job.message_id === "msg_1") throw new Error("refused");
      return enqueue(id, job);
    };
    expect(await sweeper.restartAll()).toBe(1);
    expect(row(world, "msg_2").queuedAtMs).not.toBeNull();
  });
});

function requestOf(messageId: string): WorkflowRequest {
  return {
    ...{ message_id: messageId, session_id: "sess_1", user_id: "user_1", message: "tell me", generation: 0 },
    ...{ context: { conversation_history: [] }, correlation_id: "corr_1", timestamp: "2026-01-01T00:00:00.000Z" },
  };
}

/** A sweeper of which parts may fail, and what it reports. */
function failing({ database, queue, owners, live, clock }: World, fails: { readonly connections?: boolean } = {}) {
  const failures: unknown[] = [];
  const sweepConnections = async () => {
    if (fails.connections === true) throw new Error("the registry is away");
  };
  const sweeper = new Sweeper(
    { outbox: database, ledger: database, queue, owners, live, clock, sweepConnections },
    (error) => failures.push(error),
  );
  return { database, queue, failures, sweeper };
}
