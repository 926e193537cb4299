import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { idPrefixes } from "@uci/protocol";
import pg from "pg";
import { uuidv7 } from "uuidv7";
import { giveTo } from "../embedded/data-folder.ts";
import { type ConnectionSettings, startEmbeddedPostgres } from "../embedded/index.ts";
import { serverAccount } from "../embedded/server-account.ts";
import { openPostgresStore, type PostgresStore } from "../store/index.ts";
import { temporaryFolder } from "./folders.ts";

/** A server with throw-away data. */
export type TestServer = { readonly connection: ConnectionSettings; stop(): Promise<void> };

const silent = { info: () => {}, warn: () => {} };

/** The server that the program brings. */
export async function startPackagedServer(): Promise<TestServer> {
  return startEmbeddedPostgres({ dataFolder: path.join(temporaryFolder(), "data"), log: silent, durable: false });
}

const debianPrograms = "/usr/lib/postgresql/15/bin";

/** Whether this machine has the oldest version that is supported. */
export const hasDebianServer = fs.existsSync(path.join(debianPrograms, "postgres"));

/** PostgreSQL 15, as Debian has it. */
export async function startDebianServer(): Promise<TestServer> {
  const folder = temporaryFolder();
  const account = serverAccount(folder);
  giveTo(folder, account);
  fs.chmodSync(folder, 0o700);
  const options = { cwd: folder, ...account, env: { LC_ALL: "C" }, stdio: "ignore" } as const;
  const data = path.join(folder, "data");
  const made = spawnSync(
    path.join(debianPrograms, "initdb"),
    ["-D", data, "-U", "chat", "-A", "trust", "-E", "UTF8", "-N"],
    options,
  );
  if (made.status !== 0) throw new Error("initdb of PostgreSQL 15 failed");
  const settings = ["-k", folder, "-h", "", "-F"];
  const server = spawn(path.join(debianPrograms, "postgres"), ["-D", data, ...settings], options);
  const connection = { host: folder, port: 5432, user: "chat", password: "", database: "postgres" };
  await untilItAnswers(connection);
  return { connection, stop: () => ended(server) };
}

async function untilItAnswers(connection: ConnectionSettings): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client(connection);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function ended(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    server.once("exit", () => resolve());
    server.kill("SIGINT");
  });
}

/** Makes a database of its own on a server. */
export async function newDatabase(server: TestServer): Promise<ConnectionSettings> {
  const database = `test_${uuidv7().replaceAll("-", "_")}`;
  await withClient(server.connection, (client) => client.query(`create database ${database}`));
  return { ...server.connection, database };
}

export async function withClient<Result>(
  connection: ConnectionSettings,
  task: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await task(client);
  } finally {
    await client.end();
  }
}

export function openStore(
  connection: ConnectionSettings,
  lost: (error: Error) => void = () => {},
): Promise<PostgresStore> {
  const settings = { connection, connections: 10, connectionLost: lost };
  return openPostgresStore(settings, (kind) => `${idPrefixes[kind]}${uuidv7()}`);
}
