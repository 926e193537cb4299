import fs from "node:fs";
import path from "node:path";
import { offlineAnswer } from "@uci/adapters/providers";
import { healthSchema } from "@uci/protocol";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { Caller, temporaryFolder, until } from "./fixture.ts";
import { freePorts, listening, Program } from "./program.ts";

const limitMs = 180_000;
const folder = temporaryFolder();
const running: Program[] = [];
let folders = 0;

afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.endBy("SIGKILL")));
});
afterAll(async () => {
  // A killed program's database ends by itself a moment later, and may still be writing.
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

type Start = { readonly data?: string; readonly port?: number; readonly options?: readonly string[] };

function start(environment: Record<string, string>, { data, port, options = [] }: Start = {}): Program {
  const program = new Program({
    folder,
    environment: { AUTH_MODE: "trusted", ...environment },
    options: [
      ...(data === undefined ? [] : ["--data", data]),
      ...(port === undefined ? [] : ["--port", String(port)]),
      ...options,
    ],
  });
  running.push(program);
  return program;
}

const userOf = (port: number) => new Caller(`http://127.0.0.1:${port}`, { userId: "ann" });
const prompt = "help";
const whole = offlineAnswer([{ role: "user", content: prompt }]);
const slow = { OFFLINE_WORDS_PER_SECOND: "3" };
const quick = { OFFLINE_WORDS_PER_SECOND: "0" };

/** It refuses to start: one sentence for a person on standard error, a code that is not zero, nothing else. */
async function expectRefusal(program: Program, sentence: RegExp): Promise<void> {
  const code = await program.ended();
  expect(program.stderr.trimEnd().split("\n"), program.stderr).toHaveLength(1);
  expect(program.stderr).toMatch(sentence);
  expect(program.stderr.trimEnd()).toMatch(/\.$/);
  expect(program.stderr).not.toMatch(/ at .*:\d+:\d+|Error:/);
  expect(program.stdout).not.toContain("is ready");
  expect(code).toBe(1);
}

/** Begins an answer that is cut off in the middle, and keeps what was seen of it. */
async function cutOff(port: number): Promise<{ messageId: string; seen: string; cursor: string }> {
  const user = userOf(port);
  const reader = await user.stream("/api/sse?session_id=cut");
  await reader.untilReady();
  const { message_id } = await user.chat(prompt, { session_id: "cut" });
  await reader.untilChunks(message_id, 4);
  const seen = reader
    .chunksOf(message_id)
    .map(({ chunk }) => chunk)
    .join("");
  expect(whole.startsWith(seen) && seen.length < whole.length).toBe(true);
  return { messageId: message_id, seen, cursor: reader.lastEventId! };
}

/** After the next start the answer is whole, and a reader that comes back with its cursor gets generation 1 of it. */
async function expectTakenUp(port: number, cut: { messageId: string; cursor: string }): Promise<void> {
  const user = userOf(port);
  await until("it is complete", async () => (await user.history("cut")).at(-1)?.status === "complete", 30_000);
  expect((await user.history("cut")).at(-1)).toMatchObject({ message_id: cut.messageId, content: whole });
  const reader = await user.stream("/api/sse?session_id=cut", { "last-event-id": cut.cursor });
  await reader.untilComplete(cut.messageId);
  expect(reader.all("snapshot").map(({ data }) => [data.generation, data.text])).toEqual([[1, whole]]);
  reader.close();
}

describe("what does not start", () => {
  const cases: readonly [string, Record<string, string>, readonly string[], RegExp][] = [
    ["PORT=abc", { PORT: "abc" }, [], /setting PORT is not usable/],
    ["--port 70000", {}, ["--port", "70000"], /setting PORT is not usable/],
    ["an unknown option", {}, ["--nonsense"], /--nonsense.*--help/],
    ["an argument too many", {}, ["serve"], /serve.*--help/],
    ["--pods 0", {}, ["--pods", "0"], /--pods takes a whole number/],
    ["--workers many", {}, ["--workers", "many"], /--workers takes a whole number/],
    ["trusted mode for everybody", {}, ["--host", "0.0.0.0"], /AUTH_MODE=trusted .*0\.0\.0\.0.*TRUSTED_PUBLIC=1/],
    ["a short secret", { AUTH_SECRET: "short" }, [], /AUTH_SECRET is not usable: must have 32/],
    ["another database's address", { DATABASE_URL: "mysql://a/b" }, [], /DATABASE_URL is not usable.*postgres:/],
    ["an unknown mode", { AUTH_MODE: "open" }, [], /setting AUTH_MODE is not usable/],
    ["a providers file that is not there", { PROVIDERS_FILE: "none.json" }, [], /none\.json/],
  ];
  it.each(cases)(
    "%s: one clear sentence and a code that is not zero",
    async (_name, environment, options, sentence) => {
      const data = newData();
      await expectRefusal(start(environment, { data, options }), sentence);
      expect(fs.existsSync(path.join(data, "postgres"))).toBe(false);
    },
    limitMs,
  );

  it(
    "a folder that cannot be written to",
    async () => {
      const file = path.join(folder, "a-file");
      fs.writeFileSync(file, "");
      await expectRefusal(
        start({}, { data: path.join(file, "data") }),
        /data folder .*a-file.* cannot be written to.*--data/,
      );
    },
    limitMs,
  );

  it(
    "a database that nobody answers for, or on a host that is not there",
    async () => {
      const port = await freePorts(1);
      for (const [place, reason] of [
        [`127.0.0.1:${port}`, /^The database 127\.0\.0\.1:\d+\/chat cannot be used: nothing listens there\./],
        [
          "no-such-host.invalid",
          /^The database no-such-host\.invalid\/chat cannot be used: .*(?:no host of that|name of its host)/,
        ],
      ] as const) {
        const program = start({ DATABASE_URL: `postgres://ann:the-password@${place}/chat` }, { data: newData() });
        await expectRefusal(program, reason);
        expect(program.stderr).not.toContain("the-password");
      }
    },
    limitMs,
  );

  it(
    "an address to listen on that this machine does not have",
    async () => {
      await expectRefusal(
        start({ AUTH_MODE: "accounts" }, { data: newData(), options: ["--host", "no-such-host.invalid"] }),
        /not an address of this machine.*--host/,
      );
    },
    limitMs,
  );

  it(
    "a port in use",
    async () => {
      const holder = await listening(0);
      const program = start({}, { data: newData(), port: holder.port });
      await expectRefusal(program, new RegExp(`Port ${holder.port} is in use.*--port`));
      await holder.close();
    },
    limitMs,
  );
});

it(
  "--help tells the options and every setting, and starts nothing, whatever setting is empty",
  async () => {
    const empty = { ANTHROPIC_BASE_URL: "", OPENAI_BASE_URL: " ", PORT: "", DATABASE_URL: "", HTTPS_PROXY: "" };
    const program = start(empty, { options: ["--help"] });
    expect(await program.ended()).toBe(0);
    for (const word of [
      "--port",
      "--host",
      "--data",
      "--pods",
      "--workers",
      "AUTH_MODE",
      "OPENAI_API_KEY",
      "DATABASE_URL",
    ]) {
      expect(program.stdout).toContain(word);
    }
    expect(program.stderr).toBe("");
  },
  limitMs,
);

it(
  "says in one line where passwords of other machines would come unencrypted",
  async () => {
    const [data, port] = [newData(), await freePorts(1)];
    const program = await start({ AUTH_MODE: "accounts" }, { data, port, options: ["--host", "0.0.0.0"] }).ready();
    const lines = program.stderr.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 40, msg: expect.stringMatching(/^0\.0\.0\.0 .*PUBLIC_URL is not https/) }),
    ]);
    expect(await program.endBy("SIGTERM")).toBe(0);
  },
  limitMs,
);

it(
  "starts, serves, refuses its folder to another, stops on Ctrl-C and takes up what that cut off",
  async () => {
    const [data, port] = [newData(), await freePorts(1)];
    const first = await start(slow, { data, port }).ready();
    expect(first.stdout).toContain(`Page       http://127.0.0.1:${port}`);
    expect(first.stdout).toContain(data);
    expect(first.stdout).toContain("AUTH_MODE=trusted");
    expect(first.stderr).toBe("");
    const user = userOf(port);
    expect(await user.get(healthSchema, "/health")).toMatchObject({ status: "ok" });
    await expectRefusal(start({}, { data, port: await freePorts(1) }), /in use by process \d+/);
    const kept = await user.call("POST", "/api/sessions", { body: { session_id: "kept", title: "Kept" } });
    expect(kept.status).toBe(201);
    const cut = await cutOff(port);
    expect(await first.endBy("SIGINT")).toBe(0);
    expect(first.stdout).toContain("Stopping (Ctrl-C)");
    expect(first.stderr).toBe("");

    const second = await start(quick, { data, port }).ready();
    expect(second.stdout).toContain("1 answer cut off by the last stop begins anew.");
    expect((await user.call("GET", "/api/sessions/kept")).body).toMatchObject({ title: "Kept" });
    await expectTakenUp(port, cut);
    expect(await second.endBy("SIGTERM")).toBe(0);

    const third = await start(quick, { data, port }).ready();
    expect(third.stdout).not.toContain("begins anew");
    expect((await user.history("cut")).at(-1)).toMatchObject({ status: "complete", content: whole });
    expect(await third.endBy("SIGINT")).toBe(0);
  },
  limitMs,
);

it(
  "starts again after a kill -9 in the middle of an answer, and that answer ends whole",
  async () => {
    const [data, port] = [newData(), await freePorts(1)];
    const first = await start(slow, { data, port }).ready();
    const cut = await cutOff(port);
    expect(await first.endBy("SIGKILL")).toBe("SIGKILL");
    const second = await start(quick, { data, port }).ready();
    await expectTakenUp(port, cut);
    expect(await second.endBy("SIGINT")).toBe(0);
  },
  limitMs,
);

it(
  "--pods 2 --workers 2: both addresses serve the same conversations",
  async () => {
    const [data, port] = [newData(), await freePorts(2)];
    const program = await start(quick, { data, port, options: ["--pods", "2", "--workers", "2"] }).ready();
    expect(program.stdout).toContain(`http://127.0.0.1:${port + 1}  (another pod)`);
    const [one, two] = [userOf(port), userOf(port + 1)];
    const ids = await Promise.all([one, two].map((user) => user.get(healthSchema, "/health")));
    expect(new Set(ids.map(({ pod_id }) => pod_id)).size).toBe(2);
    const reader = await two.stream("/api/sse?session_id=both");
    await reader.untilReady();
    const { message_id } = await one.chat(prompt, { session_id: "both" });
    await reader.untilPersisted(message_id);
    expect(
      reader
        .chunksOf(message_id)
        .map(({ chunk }) => chunk)
        .join(""),
    ).toBe(whole);
    expect((await two.history("both")).at(-1)?.content).toBe(whole);
    reader.close();
    expect(await program.endBy("SIGINT")).toBe(0);
  },
  limitMs,
);
