import { monitorEventLoopDelay } from "node:perf_hooks";
import { createProviders } from "@uci/adapters/providers";
import { type ChatAccepted, importResultSchema, searchPageSchema, sessionPageSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fixture, type Instance, until } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance({ runningAnswers: 4, waitingAnswers: 20, pods: 2 });
});
afterAll(() => fixture.close());

/** The longest time for which nothing else was done while the task ran. */
async function longestBlockMs(task: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await task();
  delay.disable();
  return delay.max / 1e6;
}

describe("one person's answers", () => {
  it("of 100 turns at once over two pods as many are taken as may run and wait, and all of those are answered", async () => {
    // The answers take longer than the requests.
    const body = { message: "Write 4000 words at 5 ms each" };
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => instance.user("eager", index % 2).call("POST", "/api/chat", { body })),
    );
    const accepted = answers.filter(({ status }) => status === 202).map((answer) => answer.body as ChatAccepted);
    const done = await instance.query("select 1 from workflow_jobs where user_id = 'eager' and state = 'done'");
    expect(accepted.length).toBeGreaterThanOrEqual(24);
    expect(accepted.length).toBeLessThanOrEqual(24 + done.length);
    for (const { status, headers, body: error } of answers.filter((answer) => answer.status !== 202)) {
      expect(status).toBe(429);
      expect(headers.get("retry-after")).toBe("5");
      expect(error).toMatchObject({ error: { code: "too_many_answers", retryable: true } });
    }
    await instance.settled();
    const stored = await instance.query(
      "select status, count(*)::int as count from messages m join chat_sessions s using (session_id) where s.user_id = 'eager' and role = 'assistant' group by 1",
    );
    expect(stored).toEqual([{ status: "complete", count: accepted.length }]);
  });

  it("are let begin by a deleted chat's end, too", async () => {
    const caller = instance.user("tidy");
    const turns: ChatAccepted[] = [];
    for (let index = 0; index < 5; index++) turns.push(await caller.chat("Write 2000 words"));
    for (const { session_id } of turns.slice(0, 4)) await caller.call("DELETE", `/api/sessions/${session_id}`);
    await until("the last is answered", async () => {
      const [row] = await instance.query("select status from messages where message_id = $1", [turns[4]!.message_id]);
      return row?.status === "complete";
    });
  });
});

describe("one person's requests", () => {
  it("wait in line behind each other, and nobody else for them", async () => {
    const crowd = Promise.all(
      Array.from({ length: 200 }, () => instance.user("crowd").call("GET", "/api/sessions?limit=100")),
    );
    const other = await instance.user("lonely").call("GET", "/api/sessions");
    expect(other.status).toBe(200);
    expect([...new Set((await crowd).map(({ status }) => status))]).toEqual([200]);
  });

  it("past the line are refused, that person's alone, and with the time to come again", async () => {
    const crowd = Array.from({ length: 600 }, () => instance.user("flood").call("GET", "/api/search?q=anything"));
    const others = await Promise.all(
      Array.from({ length: 20 }, (_, index) => instance.user(`other-${index}`).get(sessionPageSchema, "/api/sessions")),
    );
    expect(others).toHaveLength(20);
    const answers = await Promise.all(crowd);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, headers, body } of refused) {
      expect(status).toBe(429);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      expect(body).toMatchObject({ error: { code: "too_many_requests" } });
    }
    expect((await instance.user("flood").call("GET", "/api/sessions")).status).toBe(200);
  });
});

describe("guests", () => {
  it("are taken where only the built-in model answers, and elsewhere when asked for", async () => {
    const offline = createProviders({ offline: { wordsPerSecond: 0 } });
    const cases = [
      { providers: offline, allowGuests: undefined, status: 200 },
      { providers: offline, allowGuests: false, status: 403 },
      { providers: fixture.providers(), allowGuests: undefined, status: 403 },
      { providers: fixture.providers(), allowGuests: true, status: 200 },
    ];
    for (const { status, ...given } of cases) {
      const made = await fixture.instance({ authMode: "accounts", ...given });
      const answer = await made.browser().call("POST", "/api/auth/guest", { body: {} });
      expect(answer.status).toBe(status);
      await made.close();
    }
  });
});

describe("a search through very much", () => {
  it("leaves the pod free for everybody else", { timeout: 120_000 }, async () => {
    const caller = instance.user("hostile");
    const words = (index: number) => `${"e\u0301 a ".repeat(38_000)} needle${index} needle`;
    const time = new Date().toISOString();
    const messages = Array.from({ length: 48 }, (_, index) => ({
      ...{ message_id: `m${index}`, parent_message_id: index === 0 ? null : `m${index - 1}`, role: "user" },
      ...{ content: words(index), created_at: time },
    }));
    const session = { session_id: "s1", title: "hay", created_at: time, updated_at: time, messages };
    const body = { format: "universal-chat", version: 1, exported_at: time, sessions: [session] };
    const imported = await caller.expect(200, importResultSchema, "POST", "/api/import", { body });
    expect(imported.imported).toBe(1);
    let found = 0;
    const blockedMs = await longestBlockMs(async () => {
      await until(
        "all is found",
        async () => {
          const page = await caller.get(searchPageSchema, "/api/search?q=needle&limit=50");
          found = page.results.length;
          return found === 48;
        },
        110_000,
      );
    });
    process.stdout.write(`searching 9.5 MB: the pod stood still for ${blockedMs.toFixed(0)} ms at most\n`);
    expect(blockedMs).toBeLessThan(3_000);
    const first = (await caller.get(searchPageSchema, "/api/search?q=needle7&limit=50")).results[0];
    expect(first?.snippet.some(({ match, text }) => match && text.startsWith("needle7"))).toBe(true);
  });
});

describe("a file that is made to hurt", () => {
  const time = "2026-01-01T00:00:00Z";
  const file = (messages: readonly object[]) => ({
    ...{ format: "universal-chat", version: 1, exported_at: time },
    sessions: [{ session_id: "s1", title: "hay", created_at: time, updated_at: time, messages }],
  });
  const said = (index: number, content: string) => ({
    ...{
      message_id: `m${index}`,
      parent_message_id: index === 0 ? null : "m0",
      role: "user",
      content,
      created_at: time,
    },
  });
  const importing = (name: string, body: string) =>
    fetch(`${instance.address()}/api/import`, {
      method: "POST",
      headers: { "x-user-id": name, "content-type": "application/json" },
      body,
    });

  it("comes in while others are served, one at a time of one person, and cut to what may be said", {
    timeout: 120_000,
  }, async () => {
    const many = JSON.stringify(file(Array.from({ length: 200_000 }, (_, index) => said(index, "x".repeat(50)))));
    const long = JSON.stringify(file([said(0, "q".repeat(20 * 1024 * 1024))]));
    let results: Response[] = [];
    const blockedMs = await longestBlockMs(async () => {
      results = await Promise.all([importing("filler", many), importing("filler", many), importing("talker", long)]);
    });
    process.stdout.write(`importing 33 MB: the pod stood still for ${blockedMs.toFixed(0)} ms at most\n`);
    expect(blockedMs).toBeLessThan(4_000);
    const [one, other, cut] = await Promise.all(results.map((result) => result.json()));
    expect([results[0]!.status, results[1]!.status].toSorted()).toEqual([200, 429]);
    expect([one, other]).toContainEqual(expect.objectContaining({ imported: 1, skipped: 0, shortened: 180_000 }));
    expect([one, other]).toContainEqual({ error: expect.objectContaining({ code: "too_many_requests" }) });
    expect(cut).toMatchObject({ imported: 1, shortened: 1 });
    const [row] = await instance.query(
      "select max(octet_length(content)) as bytes from messages join chat_sessions using (session_id) where user_id = 'talker'",
    );
    expect(row).toEqual({ bytes: 262_144 });
  });

  it("leaves one export of a person at a time, whose place is free again when its reader goes away", async () => {
    const address = `${instance.address()}/api/export`;
    const headers = { "x-user-id": "filler" };
    const leaving = new AbortController();
    const first = await fetch(address, { headers, signal: leaving.signal });
    expect(first.status).toBe(200);
    const second = await fetch(address, { headers });
    expect(second.status).toBe(429);
    await second.body?.cancel();
    leaving.abort();
    await until("another one is let out", async () => {
      const again = await fetch(address, { headers });
      await again.text();
      return again.status === 200;
    });
  });
});
