import { beforeEach, describe, expect, it } from "vitest";
import type { Journal, JournalEntry } from "../src/index.ts";

function entry(number: number, text = `entry ${number}`): JournalEntry {
  return { number, records: [{ kind: "seal", by: "somebody", reason: text }] };
}

/** What every journal must do. `makeJournal` gives an empty one. */
export function journalConformance(name: string, makeJournal: () => Promise<Journal>): void {
  describe(`journal: ${name}`, () => {
    let journal: Journal;
    beforeEach(async () => {
      journal = await makeJournal();
    });

    async function append(worker: string, number: number, after: number): Promise<number> {
      const outcome = await journal.append(worker, entry(number), after, "chunks");
      if (outcome.kind !== "committed") throw new Error(`not committed: ${outcome.kind}`);
      return outcome.sequence;
    }

    it("J1 appends to an empty journal and reads it back", async () => {
      const sequence = await append("worker-1", 0, 0);
      expect(await journal.tail("worker-1")).toEqual({ sequence, entry: entry(0) });
      expect(await journal.at("worker-1", sequence)).toEqual({ sequence, entry: entry(0) });
    });

    it("J2 says nothing of a journal nobody wrote", async () => {
      expect(await journal.tail("worker-9")).toBeNull();
      expect(await journal.read("worker-9", 0)).toEqual([]);
      expect(await journal.at("worker-9", 1)).toBeNull();
    });

    it("J3 commits one of two appends after the same entry", async () => {
      const first = await append("worker-1", 0, 0);
      const outcomes = await Promise.all([
        journal.append("worker-1", entry(1, "owner"), first, "chunks"),
        journal.append("worker-1", entry(1, "other"), first, "control"),
      ]);
      expect(outcomes.filter((outcome) => outcome.kind === "committed")).toHaveLength(1);
      const tail = await journal.tail("worker-1");
      const winner = outcomes.findIndex((outcome) => outcome.kind === "committed");
      expect(tail?.entry).toEqual(entry(1, winner === 0 ? "owner" : "other"));
    });

    it("J4 stores a repeated append once and names where it stands", async () => {
      const first = await append("worker-1", 0, 0);
      const sequence = await append("worker-1", 1, first);
      const again = await journal.append("worker-1", entry(1), first, "chunks");
      expect(again.kind === "duplicate" || again.kind === "moved").toBe(true);
      if (again.kind === "duplicate") expect(again.sequence).toBe(sequence);
      expect(await journal.read("worker-1", 0)).toHaveLength(2);
    });

    it("J5 refuses an append after an entry that is not the last", async () => {
      const first = await append("worker-1", 0, 0);
      await append("worker-1", 1, first);
      const outcome = await journal.append("worker-1", entry(2), first, "chunks");
      expect(outcome.kind).toBe("moved");
    });

    it("J6 keeps the journals of workers apart", async () => {
      await append("worker-1", 0, 0);
      const other = await append("worker-2", 0, 0);
      await append("worker-1", 1, (await journal.tail("worker-1"))!.sequence);
      expect((await journal.tail("worker-2"))?.sequence).toBe(other);
      expect(await journal.read("worker-2", 0)).toHaveLength(1);
    });

    it("J7 reads from a sequence on, in order, to the end", async () => {
      let last = 0;
      for (let number = 0; number < 300; number++) last = await append("worker-1", number, last);
      const numbers: number[] = [];
      let from = 0;
      for (;;) {
        const page = await journal.read("worker-1", from);
        if (page.length === 0) break;
        numbers.push(...page.map((stored) => stored.entry.number));
        from = page.at(-1)!.sequence + 1;
      }
      expect(numbers).toEqual(Array.from({ length: 300 }, (_, number) => number));
    });

    it("J8 trims what is before a sequence and always keeps the last entry", async () => {
      let last = 0;
      const sequences: number[] = [];
      for (let number = 0; number < 5; number++) {
        last = await append("worker-1", number, last);
        sequences.push(last);
      }
      await journal.trim("worker-1", sequences[3]!);
      expect((await journal.read("worker-1", 0)).map((stored) => stored.entry.number)).toEqual([3, 4]);
      await journal.trim("worker-1", last + 100);
      expect((await journal.read("worker-1", 0)).map((stored) => stored.entry.number)).toEqual([4]);
      expect((await journal.append("worker-1", entry(5), last, "chunks")).kind).toBe("committed");
    });
  });
}
