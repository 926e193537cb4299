import { describe, expect, it } from "vitest";
import type { AppendOutcome, AppendPriority, Journal, JournalEntry, JournalRecord } from "../src/index.ts";
import { JournalWriter } from "../src/journal-writer.ts";
import { MemoryJournal } from "../src/memory/index.ts";
import { sealJournal } from "../src/seal.ts";
import { VirtualClock } from "./virtual-clock.ts";

function record(name: string): JournalRecord {
  return { kind: "born", worker_id: name };
}

/** A journal whose appends meet, one after another, what `fates` says; afterwards they simply work. */
class FatedJournal implements Journal {
  readonly inner: MemoryJournal;
  readonly appended: JournalEntry[] = [];
  readonly priorities: AppendPriority[] = [];
  fates: ((append: () => Promise<AppendOutcome>) => Promise<AppendOutcome>)[] = [];

  constructor(clock: VirtualClock) {
    this.inner = new MemoryJournal(clock);
  }

  append(workerId: string, entry: JournalEntry, after: number, priority: AppendPriority): Promise<AppendOutcome> {
    this.appended.push(entry);
    this.priorities.push(priority);
    const fate = this.fates.shift() ?? ((append) => append());
    return fate(() => this.inner.append(workerId, entry, after));
  }

  read(...args: Parameters<Journal["read"]>) {
    return this.inner.read(...args);
  }
  at(...args: Parameters<Journal["at"]>) {
    return this.inner.at(...args);
  }
  tail(...args: Parameters<Journal["tail"]>) {
    return this.inner.tail(...args);
  }
  trim(...args: Parameters<Journal["trim"]>) {
    return this.inner.trim(...args);
  }
}

function setUp() {
  const clock = new VirtualClock();
  const journal = new FatedJournal(clock);
  const committed: string[] = [];
  const congestion: boolean[] = [];
  let fenced = 0;
  const writer = new JournalWriter("worker-1", journal, clock, {
    committed: (records) =>
      committed.push(...records.map((item) => (item.kind === "born" ? item.worker_id : item.kind))),
    floor: () => null,
    renewal: () => [],
    appended: () => undefined,
    fenced: () => fenced++,
    congested: (full) => congestion.push(full),
  });
  const push = (name: string, priority: AppendPriority = "chunks") => writer.push(record(name), 100, priority);
  return { clock, journal, committed, congestion, writer, push, fences: () => fenced };
}

const lost = async (append: () => Promise<AppendOutcome>): Promise<AppendOutcome> => {
  await append();
  return { kind: "unknown" };
};
const refused = async (): Promise<AppendOutcome> => ({ kind: "unknown" });
const full = async (): Promise<AppendOutcome> => ({ kind: "full" });

describe("journal writer", () => {
  it("JW1 JW2 gathers what arrives while an append is under way into the next entry", async () => {
    const { clock, journal, committed, push } = setUp();
    push("a");
    await clock.run(0);
    let release: () => void = () => undefined;
    journal.fates.push(async (append) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return append();
    });
    push("b");
    await clock.run(0);
    for (const name of ["c", "d", "e"]) push(name);
    await clock.run(100);
    expect(committed).toEqual(["a"]);
    release();
    await clock.run(100);
    expect(committed).toEqual(["a", "b", "c", "d", "e"]);
    expect(journal.appended.map((entry) => entry.records.length)).toEqual([1, 1, 3]);
    expect(journal.appended.map((entry) => entry.number)).toEqual([0, 1, 2]);
  });

  it("JW3 JW4 publishes the identical entry again after a lost acknowledgement and finds it stored", async () => {
    const { clock, journal, committed, push, writer } = setUp();
    push("a");
    await clock.run(0);
    journal.fates.push(lost, refused);
    push("b");
    await clock.run(0);
    push("c");
    expect(committed).toEqual(["a"]);
    await clock.run(1_000);
    expect(await writer.flushed()).toBe("committed");
    expect(committed).toEqual(["a", "b", "c"]);
    expect(journal.appended[1]).toBe(journal.appended[2]);
    expect((await journal.inner.read("worker-1", 0)).map((stored) => stored.entry.number)).toEqual([0, 1, 2]);
  });

  it("JW4 JW7 takes a duplicate that is a seal for what it is", async () => {
    const { clock, journal, committed, push, writer, fences } = setUp();
    push("a");
    await clock.run(0);
    const waiting = [writer.flushed()];
    const sealed = sealJournal(journal.inner, clock, "worker-1", "worker-2", "silent");
    await clock.run(1);
    expect(await sealed).toBe("sealed");
    push("b");
    waiting.push(writer.flushed());
    await clock.run(1_000);
    expect(await Promise.all(waiting)).toEqual(["committed", "fenced"]);
    expect(committed).toEqual(["a"]);
    expect(fences()).toBe(1);
    push("c");
    await clock.run(1_000);
    expect(committed).toEqual(["a"]);
  });

  it("JW5 tries again while the tail is the entry before, and is fenced by an empty journal", async () => {
    const { clock, journal, committed, push, fences } = setUp();
    push("a");
    await clock.run(0);
    journal.fates.push(
      async () => ({ kind: "moved" }),
      async () => ({ kind: "moved" }),
    );
    push("b");
    await clock.run(1_000);
    expect(committed).toEqual(["a", "b"]);
    journal.fates.push(async () => ({ kind: "moved" }));
    journal.tail = async () => null;
    push("c");
    await clock.run(1_000);
    expect(fences()).toBe(1);
    expect(committed).toEqual(["a", "b"]);
  });

  it("JW6 holds chunks back while the journal is full and lets a close through with them", async () => {
    const { clock, journal, committed, congestion, push } = setUp();
    push("born", "control");
    await clock.run(0);
    journal.fates.push(full, full);
    push("chunk");
    await clock.run(15);
    expect(congestion).toEqual([true]);
    push("close", "control");
    await clock.run(1_000);
    expect(committed).toEqual(["born", "chunk", "close"]);
    expect(congestion).toEqual([true, false]);
    expect(journal.priorities.at(-1)).toBe("control");
  });

  it("JW7 notices a seal when it looks at its own tail", async () => {
    const { clock, journal, push, writer, fences } = setUp();
    push("a");
    await clock.run(0);
    const sealed = sealJournal(journal.inner, clock, "worker-1", "worker-2", "silent");
    await clock.run(1);
    await sealed;
    await writer.checkTail();
    expect(fences()).toBe(1);
  });

  it("JW8 cuts what has gathered into entries of bounded size", async () => {
    const { clock, journal, writer } = setUp();
    for (let index = 0; index < 20; index++) writer.push(record(`r${index}`), 60 * 1024, "chunks");
    await clock.run(1_000);
    expect(journal.appended.map((entry) => entry.records.length)).toEqual([4, 4, 4, 4, 4]);
  });
});
