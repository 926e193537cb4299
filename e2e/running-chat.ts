import { createProviders } from "@uci/adapters/providers";
import type { Embedded } from "@uci/all-in-one";
import { freePort } from "@uci/services";
import type { Browser } from "playwright-core";
import { startBrowser } from "./browser.ts";
import { startProgram, ThrowAwayDatabase } from "./whole-program.ts";

/** The whole program on a free port over a throw-away database, and a browser to look at it. */
export class RunningChat {
  readonly port: number;
  readonly browser: Browser;
  readonly #database: ThrowAwayDatabase;
  #embedded: Embedded;

  private constructor(port: number, browser: Browser, database: ThrowAwayDatabase, embedded: Embedded) {
    this.port = port;
    this.browser = browser;
    this.#database = database;
    this.#embedded = embedded;
  }

  static async start(): Promise<RunningChat> {
    const database = await ThrowAwayDatabase.start();
    const port = await freePort();
    const embedded = await startOffline(database, port);
    const browser = await startBrowser();
    return new RunningChat(port, browser, database, embedded);
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
    this.#embedded = await startOffline(this.#database, this.port);
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
  }
}

function startOffline(database: ThrowAwayDatabase, port: number): Promise<Embedded> {
  return startProgram(database, port, createProviders({ offline: { wordsPerSecond: 40 } }));
}
