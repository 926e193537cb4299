import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@uci/adapters/postgres";
import type { createProviders } from "@uci/adapters/providers";
import { type Embedded, startEmbedded } from "@uci/all-in-one";
import { pino } from "pino";

/** A database in a folder of its own that is gone when it stops. */
export class ThrowAwayDatabase {
  readonly connection: EmbeddedPostgres["connection"];
  readonly #server: EmbeddedPostgres;
  readonly #folder: string;

  private constructor(server: EmbeddedPostgres, folder: string) {
    this.connection = server.connection;
    this.#server = server;
    this.#folder = folder;
  }

  static async start(): Promise<ThrowAwayDatabase> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "uci-e2e-"));
    const silent = { info: () => undefined, warn: () => undefined };
    const dataFolder = path.join(folder, "db");
    return new ThrowAwayDatabase(await startEmbeddedPostgres({ dataFolder, log: silent, durable: false }), folder);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The whole program in this process, with the built page. */
export function startProgram(
  database: ThrowAwayDatabase,
  port: number,
  providers: ReturnType<typeof createProviders>,
): Promise<Embedded> {
  return startEmbedded({
    database: database.connection,
    providers,
    host: "127.0.0.1",
    port,
    pods: 1,
    workers: 1,
    authMode: "accounts",
    authSecret: "a secret of the tests, long enough",
    allowSignUp: true,
    allowGuests: true,
    signUpsPerHour: 10_000,
    publicUrl: undefined,
    trustForwardedFrom: [],
    streamsPerUser: 100,
    runningAnswers: 100,
    waitingAnswers: 100,
    storage: { personBytes: 1024 ** 3, totalBytes: 0 },
    pageFolder: path.resolve(import.meta.dirname, "../apps/web/dist"),
    takeover: "continue",
    slots: 100,
    titles: "message",
    graceMs: 0,
    log: pino({ level: "error" }, pino.destination(2)),
  });
}
