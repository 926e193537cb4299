import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@uci/adapters/postgres";
import { createProviders } from "@uci/adapters/providers";
import { type Embedded, startEmbedded } from "@uci/all-in-one";
import { pino } from "pino";
import { type Browser, chromium } from "playwright-core";

const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The whole program on a free port over a throw-away database, and a browser to look at it. */
export class RunningChat {
  readonly port: number;
  readonly browser: Browser;
  readonly #database: EmbeddedPostgres;
  readonly #folder: string;
  #embedded: Embedded;

  private constructor(port: number, browser: Browser, database: EmbeddedPostgres, folder: string, embedded: Embedded) {
    this.port = port;
    this.browser = browser;
    this.#database = database;
    this.#folder = folder;
    this.#embedded = embedded;
  }

  static async start(): Promise<RunningChat> {
    const executablePath = process.env.CHROMIUM_PATH;
    if (executablePath === undefined) throw new Error("CHROMIUM_PATH is not set; run this through npm test.");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "uci-e2e-"));
    const silent = { info: () => undefined, warn: () => undefined };
    const database = await startEmbeddedPostgres({ dataFolder: path.join(folder, "db"), log: silent, durable: false });
    const port = await freePort();
    const embedded = await startProgram(database, port);
    const browser = await chromium.launch({ executablePath, args: chromiumArguments });
    return new RunningChat(port, browser, database, folder, embedded);
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Stops the program and starts it again over the same database. */
  async restart(): Promise<void> {
    await this.#embedded.drain();
    this.#embedded = await startProgram(this.#database, this.port);
  }

  /** The text of an answer as the database has it. */
  async storedAnswer(messageId: string): Promise<{ status: string; text: string }> {
    const row = await this.#embedded.store.ledger.load(messageId);
    if (row === null) throw new Error(`${messageId} is not in the database`);
    return { status: row.status, text: row.text };
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.#embedded.drain();
    await this.#database.stop();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

function startProgram(database: EmbeddedPostgres, port: number): Promise<Embedded> {
  return startEmbedded({
    database: database.connection,
    providers: createProviders({ offline: { wordsPerSecond: 40 } }),
    host: "127.0.0.1",
    port,
    pods: 1,
    workers: 1,
    authMode: "accounts",
    authSecret: "a secret of the tests, long enough",
    allowSignUp: true,
    publicUrl: undefined,
    trustForwardedFrom: [],
    streamsPerUser: 100,
    pageFolder: path.resolve(import.meta.dirname, "../apps/web/dist"),
    takeover: "continue",
    slots: 100,
    graceMs: 0,
    log: pino({ level: "error" }, pino.destination(2)),
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
