import type { ServiceProcess } from "@uci/services";
import type { AppendOutcome, Journal } from "@uci/stream";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openAdministration, openBroker, openClient, removeStreams, settingsOf, startServer } from "./broker.ts";
import { entry } from "./samples.ts";

const mebibyte = 1024 * 1024;

describe("journals in JetStream", () => {
  let server: ServiceProcess;
  let journal: Journal;
  beforeAll(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    await removeStreams([server]);
    const { broker } = await openBroker(settingsOf([server], { journalBytes: mebibyte }));
    await broker.provision();
    ({ journal } = broker);
  });

  function sequenceOf(outcome: AppendOutcome): number {
    if (outcome.kind !== "committed") throw new Error(outcome.kind);
    return outcome.sequence;
  }

  async function write(workerId: string, entries: number): Promise<void> {
    let last = 0;
    for (let number = 0; number < entries; number++) {
      last = sequenceOf(await journal.append(workerId, entry(number), last, "chunks"));
    }
  }

  async function readAll(workerId: string): Promise<number[]> {
    const numbers: number[] = [];
    for (let from = 0; ; ) {
      const page = await journal.read(workerId, from);
      const last = page.at(-1);
      if (last === undefined) return numbers;
      numbers.push(...page.map((stored) => stored.entry.number));
      from = last.sequence + 1;
    }
  }

  it("reads each of many journals in one stream whole and in order, dense or far apart", async () => {
    await write("worker-a", 40);
    await Promise.all(["worker-a1", "worker-b", "worker-c", "worker-d", "worker-e"].map((name) => write(name, 60)));
    await write("worker-f", 130);
    const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);
    expect(await readAll("worker-a")).toEqual(upTo(40));
    expect(await readAll("worker-c")).toEqual(upTo(60));
    expect(await readAll("worker-f")).toEqual(upTo(130));
  });

  it("finds no hole in a journal that grows while it is read", async () => {
    const writing = write("worker-a", 300);
    let most = 0;
    while (most < 300) {
      const numbers = (await journal.read("worker-a", 0)).map((stored) => stored.entry.number);
      expect(numbers).toEqual(numbers.map((_, index) => index));
      const whole = await readAll("worker-a");
      expect(whole).toEqual(whole.map((_, index) => index));
      most = whole.length;
    }
    await writing;
  });

  it("refuses chunks past three quarters, takes what ends answers, and says when nothing fits any more", async () => {
    const text = "x".repeat(50_000);
    let [last, number] = [0, 0];
    const fill = async (priority: "chunks" | "control") => {
      for (;;) {
        const outcome = await journal.append("worker-1", entry(number, text), last, priority);
        if (outcome.kind !== "committed") return outcome;
        last = outcome.sequence;
        number++;
      }
    };
    expect(await fill("chunks")).toEqual({ kind: "full" });
    expect(number * 50_000).toBeGreaterThan(mebibyte * 0.65);
    expect(number * 50_000).toBeLessThan(mebibyte * 0.85);
    expect(await fill("control")).toEqual({ kind: "full" });
    expect(number * 50_000).toBeGreaterThan(mebibyte * 0.85);
    await journal.trim("worker-1", last);
    await vi.waitFor(async () => {
      const outcome = await journal.append("worker-1", entry(number), last, "chunks");
      expect(["committed", "duplicate"]).toContain(outcome.kind);
    }, 10_000);
    expect(await readAll("worker-1")).toEqual([number - 1, number]);
  });

  it("never takes a refusal for an empty journal", async () => {
    await removeStreams([server]);
    await expect(journal.read("worker-1", 0)).rejects.toThrow(/stream not found/);
    await expect(journal.tail("worker-1")).rejects.toThrow(/stream not found/);
    await expect(journal.at("worker-1", 1)).rejects.toThrow(/stream not found/);
    expect(await journal.append("worker-1", entry(0), 0, "control")).toEqual({ kind: "unknown" });
  });

  it("throws over what is no entry, and over a name that cannot stand in a subject", async () => {
    const client = await openClient([server]);
    await client.request("chat.journal.0.worker-1", JSON.stringify({ some: "thing" }));
    await expect(journal.tail("worker-1")).rejects.toThrow(/is no entry/);
    await expect(journal.tail("worker.1")).rejects.toThrow(RangeError);
    expect(await journal.append("worker.1", entry(0), 0, "control")).toEqual({ kind: "unknown" });
  });

  it("keeps every worker in the partition its id belongs to", async () => {
    const administration = await openAdministration([server]);
    await administration.streams.add({ name: "JOURNAL_1", subjects: ["chat.journal.1.*"] });
    const settings = { ...settingsOf([server], { partitions: 2 }), user: "admin", password: "all" };
    const { broker } = await openBroker(settings);
    const names = Array.from({ length: 20 }, (_, index) => `worker-${index}`);
    for (const name of names) sequenceOf(await broker.journal.append(name, entry(0), 0, "control"));
    const counts = await Promise.all(["JOURNAL_0", "JOURNAL_1"].map((name) => administration.streams.info(name)));
    const messages = counts.map(({ state }) => state.messages);
    expect(messages[0]! + messages[1]!).toBe(20);
    expect(Math.min(...messages)).toBeGreaterThan(0);
    for (const name of names) expect((await broker.journal.tail(name))?.entry).toEqual(entry(0));
  });
});
