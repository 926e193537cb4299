import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { idPrefixes } from "@uci/protocol";
import { installedProgram } from "@uci/services";
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

/** Debian keeps each version in a folder of its own, off the PATH. */
const oldestServer = { file: "15/bin/postgres", folders: ["/usr/lib/postgresql"], package: "postgresql-15" } as const;

/** The oldest version that is supported, as Debian has it. Installed where it is missing and that can be done; throws otherwise. */
export async function startDebianServer(): Promise<TestServer> {
  const server = installedProgram(oldestServer);
  const folder = temporaryFolder();
  const account = serverAccount(folder);
  giveTo(folder, account);
  fs.chmodSync(folder, 0o700);
  const options = { cwd: folder, ...account, env: { LC_ALL: "C" }, stdio: "ignore" } as const;
  const data = path.join(folder, "data");
  const made = spawnSync(
    path.join(path.dirname(server), "initdb"),
    ["-D", data, "-U", "chat", "-A", "trust", "-E", "UTF8", "-N"],
    options,
  );
  if (made.status !== 0) throw new Error("initdb of PostgreSQL 15 failed");
  const settings = ["-k", folder, "-h", "", "-F"];
  const running = spawn(server, ["-D", data, ...settings], options);
  const connection = { host: folder, port: 5432, user: "chat", password: "", database: "postgres" };
  await untilItAnswers(connection);
  return { connection, stop: () => ended(running) };
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

export function openStore(connection: pg.PoolConfig, lost: (error: Error) => void = () => {}): Promise<PostgresStore> {
  const settings = { connection, connections: 10, connectionLost: lost };
  return openPostgresStore(settings, (kind) => `${idPrefixes[kind]}${uuidv7()}`);
}
