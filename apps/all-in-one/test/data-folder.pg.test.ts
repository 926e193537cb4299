import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { postgresUrl, type ServiceProcess, startPostgresServer } from "@uci/services";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { Caller, temporaryFolder, until } from "./fixture.ts";
import { freePorts, Program } from "./program.ts";

const limitMs = 180_000;
const folder = temporaryFolder();
const running: Program[] = [];
const servers: ServiceProcess[] = [];
let folders = 0;

afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.endBy("SIGKILL")));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await until("the folder can be removed", () => {
    try {
      fs.rmSync(folder, { recursive: true, force: true });
      return true;
    } catch {
      return false;
    }
  });
});

const newData = () => path.join(folder, `data-${++folders}`);

function begin(data: string, port: number, environment: Record<string, string> = {}): Program {
  const options = ["--data", data, "--port", String(port)];
  const program = new Program({ folder, environment: { AUTH_MODE: "trusted", ...environment }, options });
  running.push(program);
  return program;
}

async function databaseUrl(): Promise<string> {
  const password = "a password";
  const server = await startPostgresServer({ folder: path.join(folder, `pg-${++folders}`), password, durable: false });
  servers.push(server);
  return postgresUrl(server, password);
}

/** Starts it, does something as a person, stops it as a person. */
async function run(data: string, task: (person: Caller) => Promise<unknown>, environment = {}): Promise<Program> {
  const port = await freePorts(1);
  const program = await begin(data, port, environment).ready();
  await task(new Caller(`http://127.0.0.1:${port}`, { userId: "ann" }));
  expect(await program.endBy("SIGINT")).toBe(0);
  return program;
}

const write = async (person: Caller) => {
  const made = await person.call("POST", "/api/sessions", { body: { session_id: "kept", title: "Kept" } });
  expect(made.status).toBe(201);
};
const expectChat = async (person: Caller) =>
  expect((await person.call("GET", "/api/sessions/kept")).body).toMatchObject({ title: "Kept" });

async function refusal(data: string, environment: Record<string, string> = {}): Promise<string> {
  const program = begin(data, await freePorts(1), environment);
  expect(await program.ended()).toBe(1);
  expect(program.stderr).toMatch(/^[A-Z][^\n]*\.\n$/);
  return program.stderr;
}

describe("a backup", () => {
  it(
    "is a copy of the data folder while stopped, and one without its database is refused instead of begun anew",
    async () => {
      const [data, copied, torn] = [newData(), newData(), newData()];
      const program = await run(data, write);
      expect(program.stdout).toContain(`in ${path.join(data, "postgres")}`);
      expect(JSON.parse(fs.readFileSync(path.join(data, "database.json"), "utf8"))).toEqual({
        version: 1,
        database: "embedded",
      });
      for (const target of [copied, torn]) expect(spawnSync("cp", ["-a", data, target]).status).toBe(0);
      await run(copied, expectChat);

      fs.rmSync(path.join(torn, "postgres"), { recursive: true });
      expect(await refusal(torn)).toMatch(
        /database of the data folder, .*postgres, is missing: .*backup.*database\.json/,
      );
      fs.writeFileSync(path.join(torn, "database.json"), '{ "version": 2, "database": "elsewhere" }');
      expect(await refusal(torn)).toMatch(/database\.json is not one this release knows/);
      // As a copy of a folder of release 0.1.0, whose database was elsewhere.
      fs.rmSync(path.join(torn, "database.json"));
      expect(await refusal(torn)).toMatch(/was in use, but its database is not in it.*auth-secret/);
      expect(fs.existsSync(path.join(torn, "postgres"))).toBe(false);
      fs.rmSync(path.join(torn, "auth-secret"));
      await run(torn, write);
    },
    limitMs,
  );
});

describe("DATABASE_URL", () => {
  it(
    "is wanted again once the chats are there, tells of a database it leaves unused, and has one instance at a time",
    async () => {
      const DATABASE_URL = await databaseUrl();
      const [data, other] = [newData(), newData()];
      await run(data, write, { DATABASE_URL });
      expect(await refusal(data)).toMatch(
        /chats of the data folder .* are in the database 127\.0\.0\.1:\d+\/postgres.*DATABASE_URL/,
      );

      // A copy of the program elsewhere, as in a rolling update: it waits, says so once, and goes on when the first ends.
      const ports = await freePorts(2);
      const first = await begin(data, ports, { DATABASE_URL, OFFLINE_WORDS_PER_SECOND: "20" }).ready();
      const person = new Caller(`http://127.0.0.1:${ports}`, { userId: "ann" });
      const reader = await person.stream("/api/sse?session_id=kept");
      await reader.untilReady();
      const { message_id } = await person.chat("help", { session_id: "kept" });
      await reader.untilChunks(message_id, 1);
      const second = begin(other, ports + 1, { DATABASE_URL });
      await until("the second waits", () => second.stderr.includes("waiting up to"));
      expect(second.stderr).toMatch(/in use by the instance on .*, process \d+; waiting up to 90 s/);
      // The first one's answer is neither begun anew nor cut off by it.
      await reader.untilComplete(message_id);
      expect(reader.all("snapshot").filter(({ data }) => data.generation > 0)).toEqual([]);
      reader.close();
      expect(second.stdout).not.toContain("is ready");
      expect(await first.endBy("SIGTERM")).toBe(0);
      await second.ready();
      await expectChat(new Caller(`http://127.0.0.1:${ports + 1}`, { userId: "ann" }));
      expect(await second.endBy("SIGTERM")).toBe(0);

      const own = newData();
      await run(own, write);
      const program = await run(own, expectChat, { DATABASE_URL });
      expect(program.stdout).toContain(`the one in ${path.join(own, "postgres")} is not used`);
      await run(own, expectChat);
    },
    limitMs,
  );
});

it(
  "reset-password makes no database where there is none",
  () => {
    const root = path.resolve(import.meta.dirname, "../../..");
    const data = newData();
    const script = ["tools/with-node.mjs", "tools/reset-password.ts"].map((file) => path.join(root, file));
    const done = spawnSync(process.execPath, [...script, "ann@example.org", "--data", data], {
      ...{ cwd: folder, input: "a new password", encoding: "utf8" },
      env: { PATH: process.env.PATH },
    });
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/^There is no database in .*--data.*\.\n$/);
    expect(fs.existsSync(data)).toBe(false);
  },
  limitMs,
);
