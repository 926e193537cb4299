import { createLog } from "@uci/adapters/logging";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fixture, type Instance, until } from "./fixture.ts";

type Line = Readonly<Record<string, unknown>>;

/** Numbers of pino's levels. */
const levels = { info: 30, warn: 40 } as const;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.close());

async function logging(level: "warn" | "info"): Promise<{ instance: Instance; lines: Line[] }> {
  const lines: Line[] = [];
  const log = createLog(level, {}, { write: (line) => void lines.push(JSON.parse(line)) });
  return { instance: await fixture.instance({ log }), lines };
}

const named = (lines: readonly Line[], message: string) => lines.filter(({ msg }) => msg === message);

async function untilNamed(lines: readonly Line[], message: string, count = 1): Promise<Line[]> {
  await until(`${count} lines "${message}"`, async () => named(lines, message).length >= count);
  return named(lines, message);
}

describe("the lines of an answer", () => {
  it("a failed one is a warning at the default level, with whose it is, who was asked, why and its correlation id", async () => {
    const { instance, lines } = await logging("warn");
    const user = instance.user("user_of_the_log");
    const question = "A secret question [fault=status status=401 echoKey=true]";
    const turn = await user.chat(question, { model: "scripted" });
    const [line, ...others] = await untilNamed(lines, "worker: answer failed");
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      ...{ level: levels.warn, user_id: "user_of_the_log", session_id: turn.session_id, message_id: turn.message_id },
      ...{ provider: "openai-compatible", model: "scripted", attempt: 1, finish_reason: "error" },
      ...{ error_code: "provider_unauthorized", correlation_id: turn.correlation_id },
    });
    expect(JSON.stringify(lines)).not.toContain("secret question");
  });

  it("one line a turn says what was accepted, one what became of it, and none what was said", async () => {
    const { instance, lines } = await logging("info");
    const user = instance.user("user_of_the_log");
    const body = { message: "Say something private", model: "scripted" };
    const headers = { "idempotency-key": "once" };
    const turn = await user.chat(body.message, { model: "scripted" });
    const about = {
      ...{ user_id: "user_of_the_log", session_id: turn.session_id, message_id: turn.message_id },
      ...{ provider: "openai-compatible", model: "scripted", correlation_id: turn.correlation_id },
    };
    const [accepted] = await untilNamed(lines, "turn accepted");
    expect(accepted).toMatchObject({ ...about, level: levels.info, user_message_id: turn.user_message_id });
    expect(accepted?.duration_ms).toBeTypeOf("number");
    const [ended] = await untilNamed(lines, "worker: answer ended");
    expect(ended).toMatchObject({ ...about, level: levels.info, attempt: 1, finish_reason: "stop", error_code: null });
    expect(ended?.duration_ms).toBeTypeOf("number");
    await instance.settled();
    expect(named(lines, "turn accepted")).toHaveLength(1);
    expect(named(lines, "worker: answer ended")).toHaveLength(1);
    for (let times = 0; times < 2; times++) {
      expect((await user.call("POST", "/api/chat", { body, headers })).status).toBe(202);
    }
    const repeated = (await untilNamed(lines, "turn accepted", 3)).slice(1);
    expect(repeated.map(({ replayed }) => replayed)).toEqual([false, true]);
    expect(repeated[1]?.message_id).toBe(repeated[0]?.message_id);
    expect(JSON.stringify(lines)).not.toContain("something private");
  });

  it("a request that fails by our own fault is told with its correlation id", async () => {
    const { instance, lines } = await logging("warn");
    await instance.query("alter table chat_sessions rename to sessions_away");
    const answer = await instance.user("user_1").call("GET", "/api/sessions");
    expect(answer.status).toBe(500);
    const [line] = await untilNamed(lines, "request failed");
    expect(line?.correlation_id).toBe(answer.headers.get("x-correlation-id"));
  });
});
