import fs from "node:fs";
import path from "node:path";
import type { ServiceProcess } from "@uci/services";
import { temporaryFolder } from "@uci/services";
import type { JournalRecord } from "@uci/stream";
import { beforeAll, describe, expect, it } from "vitest";
import type { NatsBroker } from "../index.ts";
import { openAdministration, openBroker, removeStreams, settingsOf, startServer } from "./broker.ts";

const marker = "a text of somebody who has deleted the account";
/** `JOURNAL_MAX_BYTES` where nothing else is set, and the block in which a server keeps a stream of that size. */
const standardBytes = 1024 * 1024 * 1024;
const blockBytes = 8 * 1024 * 1024;
const entryBytes = 100_000;

let folder: string;
let server: ServiceProcess;
beforeAll(async () => {
  folder = path.join(temporaryFolder("nats"), "data");
  server = await startServer({ folder });
});

function entryOf(text: string, number: number) {
  const chunk = { chunk: text.padEnd(entryBytes, ".") };
  return { number, records: [{ kind: "chunk", chunk }] as unknown as JournalRecord[] };
}

/** A worker's journal, as its worker writes and trims it. */
class WrittenJournal {
  readonly #broker: NatsBroker;
  #number = 0;
  lastSequence = 0;

  constructor(broker: NatsBroker) {
    this.#broker = broker;
  }

  async append(text: string | null): Promise<void> {
    const number = ++this.#number;
    const born = { number, records: [{ kind: "born", worker_id: "worker-1" }] as JournalRecord[] };
    const entry = text === null ? born : entryOf(text, number);
    const outcome = await this.#broker.journal.append("worker-1", entry, this.lastSequence, "control");
    if (outcome.kind !== "committed") throw new Error(outcome.kind);
    this.lastSequence = outcome.sequence;
  }

  trim(): Promise<void> {
    return this.#broker.journal.trim("worker-1", this.lastSequence);
  }
}

/** Files of the server's store that hold a text. */
function filesWith(text: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => fs.readFileSync(file).includes(text));
}

async function readable(): Promise<string> {
  const { streams } = await openAdministration([server]);
  const { state } = await streams.info("JOURNAL_0");
  const texts: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await streams.getMessage("JOURNAL_0", { seq }).catch(() => null);
    if (message !== null) texts.push(message.string());
  }
  return texts.join("\n");
}

async function trimmedJournal(): Promise<WrittenJournal> {
  await removeStreams([server]);
  const { broker } = await openBroker(settingsOf([server], { journalBytes: standardBytes }));
  await broker.provision();
  const journal = new WrittenJournal(broker);
  for (let count = 0; count < 3; count++) await journal.append(marker);
  await journal.append(null);
  expect(await readable()).toContain(marker);
  expect(filesWith(marker)).not.toEqual([]);
  await journal.trim();
  return journal;
}

describe("what remains of a text once its journal is trimmed", () => {
  it("can be read by nobody at once, and is gone from the files when a block of the store was written full", async () => {
    const journal = await trimmedJournal();
    expect(await readable()).not.toContain(marker);
    for (let bytes = 0; bytes < blockBytes; bytes += entryBytes) {
      await journal.append("of somebody else");
      await journal.trim();
    }
    await expect.poll(() => filesWith(marker), { timeout: 10_000 }).toEqual([]);
  });

  it("is gone from the files at once where an operator purges the stream, with its workers stopped", async () => {
    await trimmedJournal();
    const { streams } = await openAdministration([server]);
    await streams.purge("JOURNAL_0");
    await expect.poll(() => filesWith(marker), { timeout: 10_000 }).toEqual([]);
  });
});
