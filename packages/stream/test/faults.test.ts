import { isFinalStatus } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import type { AppendOutcome, LiveChannel, PodReader } from "../src/index.ts";
import { Sweeper } from "../src/index.ts";
import { Mortal } from "./mortal.ts";
import { type TestReader, World } from "./world.ts";

const text = Array.from({ length: 40 }, (_, index) => `word${index}`).join(" ");
const answers = 4;
/** A failing seed is added here with what it found, and stays. */
const keptSeeds: readonly number[] = [339, 368, 798, 1241];
const seeds = [...keptSeeds, ...Array.from({ length: 300 }, (_, index) => index + 1)];

/** Small seeded generator (mulberry32): numbers in [0, 1). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A reader that comes back elsewhere with its cursor whenever it is cut off, and keeps what it had. */
class Wanderer {
  reader!: TestReader;
  /** Then the pod cannot tell an ended answer from a new one and may send it once more; the fold ignores it. */
  hasResumedWithoutDatabase = false;
  readonly #world: World;
  readonly #pods: readonly PodReader[];
  readonly #random: () => number;
  #pod!: PodReader;
  #id = "";

  constructor(world: World, pods: readonly PodReader[], random: () => number) {
    this.#world = world;
    this.#pods = pods;
    this.#random = random;
  }

  async connect(): Promise<void> {
    const before = this.reader;
    if (this.#world.database.away) this.hasResumedWithoutDatabase = true;
    this.#pod = this.#pods[Math.floor(this.#random() * this.#pods.length)]!;
    const { reader, id } = await this.#world.read(this.#pod, ["sess_1"], before?.cursor ?? "1~");
    this.#id = id;
    if (before !== undefined) {
      // What the new connection has sent so far is applied on top of what the reader had.
      for (const event of reader.events) before.send(event, null);
      before.cursor = reader.cursor ?? before.cursor;
      reader.send = (event, cursor) => before.send(event, cursor);
    } else this.reader = reader;
  }

  async reconnect(): Promise<void> {
    this.#pod.detach(this.#id);
    await this.#world.clock.run(Math.floor(this.#random() * 3_000));
    await this.connect();
  }
}

/** Loses, repeats and delays what goes to the pods, and loses acknowledgements of appends, until it is healed. */
function makeUnreliable(world: World, random: () => number): { heal: () => void; live: LiveChannel } {
  let healthy = false;
  const { live, journal, clock } = world;
  const append = journal.append.bind(journal);
  journal.append = async (...args): Promise<AppendOutcome> => {
    if (healthy || random() > 0.1) return append(...args);
    const kind = random();
    if (kind < 0.3) return { kind: "unknown" };
    if (kind < 0.5) return { kind: "moved" };
    const outcome = await append(...args);
    return outcome.kind === "committed" && kind < 0.75
      ? { kind: "duplicate", sequence: outcome.sequence }
      : { kind: "unknown" };
  };
  const publish = live.publish.bind(live);
  const unreliable = (subject: string, message: unknown): void => {
    if (healthy || !subject.startsWith("chat.pod.")) {
      publish(subject, message);
      return;
    }
    const fate = random();
    if (fate < 0.1) return;
    if (fate < 0.2) publish(subject, message);
    if (fate < 0.4) clock.after(Math.floor(random() * 400), () => publish(subject, message));
    else publish(subject, message);
  };
  return {
    heal: () => {
      healthy = true;
    },
    live: { publish: unreliable, subscribe: live.subscribe.bind(live), request: live.request.bind(live) },
  };
}

async function schedule(seed: number): Promise<{ world: World; wanderers: Wanderer[] }> {
  const random = randomOf(seed);
  const world = new World(text);
  world.model.wordIntervalMs = 100 + Math.floor(random() * 200);
  world.model.continues = random() < 0.7;
  const { heal, live } = makeUnreliable(world, random);
  Object.assign(world, { live });
  const pods = [await world.pod("pod-a"), await world.pod("pod-b")];
  const { queue, owners, clock, database } = world;
  const sweeper = new Sweeper({
    outbox: database,
    queue,
    owners,
    live,
    clock,
    sweepConnections: async () => undefined,
  });
  sweeper.start();
  const mortals: Mortal[] = [];
  const addWorker = async () => {
    const mortal = new Mortal(world);
    mortals.push(mortal);
    await Promise.race([world.worker(`worker-${mortals.length}`, mortal.ports), clock.run(5_000)]);
  };
  await addWorker();
  await addWorker();
  const wanderers = Array.from({ length: 3 }, () => new Wanderer(world, pods, random));
  for (const wanderer of wanderers) await wanderer.connect();
  for (let index = 0; index < answers; index++) await world.ask(`msg_${index}`);

  for (let step = 0; step < 12; step++) {
    await clock.run(Math.floor(random() * 1_500));
    const fate = random();
    const mortal = mortals[Math.floor(random() * mortals.length)]!;
    if (fate < 0.15) {
      mortal.kill();
      await addWorker();
    } else if (fate < 0.35) {
      mortal.freeze();
      clock.after(Math.floor(random() * 8_000), () => mortal.thaw());
    } else if (fate < 0.5) database.away = !database.away;
    else if (fate < 0.8) await wanderers[Math.floor(random() * wanderers.length)]!.reconnect();
    else if (fate < 0.9) void pods[0]!.stopAnswer(`msg_${Math.floor(random() * answers)}`).catch(() => undefined);
  }
  database.away = false;
  heal();
  await addWorker();
  const over = () => [...database.rows.values()].every((row) => isFinalStatus(row.status));
  // A reader that was away from an answer's beginning to its end finds it in the history, not in the stream.
  const shown = () =>
    wanderers.every(({ reader }) =>
      [...reader.folds].every(([id, fold]) => fold.nextChunkId === database.rows.get(id)!.last_chunk_id + 1),
    );
  await clock.until(() => over() && shown(), 300_000);
  await clock.run(15_000);
  await sweeper.stop();
  return { world, wanderers };
}

describe("faults", () => {
  it.each(seeds)("T1 T4 P1 P2 P3 W8 seed %i: one text for every reader and the row", async (seed) => {
    const { world, wanderers } = await schedule(seed);
    expect(world.database.finalUpdates).toBe(answers);
    for (const row of world.database.rows.values()) {
      if (row.status === "complete") expect(row.text).toBe(text);
      else expect(text.startsWith(row.text) || row.text === "").toBe(true);
      for (const { reader, hasResumedWithoutDatabase } of wanderers) {
        const fold = reader.folds.get(row.message_id);
        if (fold === undefined) continue;
        expect({ id: row.message_id, text: fold.text }).toEqual({ id: row.message_id, text: row.text });
        if (!hasResumedWithoutDatabase) expect(reader.violations).toEqual([]);
      }
    }
    expect(world.events.filter((event) => event.kind === "failed")).toEqual([]);
  });
});
