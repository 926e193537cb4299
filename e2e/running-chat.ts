import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@uci/adapters/postgres";
import { createProviders } from "@uci/adapters/providers";
import { type Embedded, startEmbedded } from "@uci/all-in-one";
import { freePort } from "@uci/services";
import { pino } from "pino";
import type { Browser } from "playwright-core";
import { startBrowser } from "./browser.ts";

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
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "uci-e2e-"));
    const silent = { info: () => undefined, warn: () => undefined };
    const database = await startEmbeddedPostgres({ dataFolder: path.join(folder, "db"), log: silent, durable: false });
    const port = await freePort();
    const embedded = await startProgram(database, port);
    const browser = await startBrowser();
    return new RunningChat(port, browser, database, folder, embedded);
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Stops the program and starts it again over the same database. */
  async restart(): Promise<void> {
    await this.stopProgram();
    await this.startProgram();
  }

  /** Stops the program alone: pages that are open lose their server. */
  async stopProgram(): Promise<void> {
    await this.#embedded.drain();
  }

  async startProgram(): Promise<void> {
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
    signUpsPerHour: 10_000,
    publicUrl: undefined,
    trustForwardedFrom: [],
    streamsPerUser: 100,
    pageFolder: path.resolve(import.meta.dirname, "../apps/web/dist"),
    takeover: "continue",
    slots: 100,
    titles: "message",
    graceMs: 0,
    log: pino({ level: "error" }, pino.destination(2)),
  });
}
