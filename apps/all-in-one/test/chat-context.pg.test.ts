import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, expectError, Fixture, type Instance, until } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;
let turns = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance();
});
afterAll(() => fixture.close());

/** Sends it and returns the answer's row once it is whole. */
async function answered(caller: Caller, fields: Record<string, unknown>) {
  const message = `turn ${++turns}`;
  const accepted = await caller.chat(message, fields);
  const row = async () => (await caller.history(accepted.session_id)).at(-1);
  await until("it is answered", async () => (await row())?.status === "complete");
  return { message, session_id: accepted.session_id, answer: await row() };
}

/** What the provider was asked for a message. */
function asked(message: string): Record<string, unknown> {
  const seen = fixture.provider.requests.all.filter(({ prompt }) => prompt === message);
  expect(seen).toHaveLength(1);
  return seen[0]!.body as Record<string, unknown>;
}

describe("the context of a message as many clients send it", () => {
  it("names provider and model, settings and an own view of the history, which the server has itself", async () => {
    const caller = instance.user("ann");
    const first = await answered(caller, { context: { ai_provider: "openai-compatible", model: "scripted" } });
    const { message, session_id } = await answered(caller, {
      session_id: first.session_id,
      user_id: "ann",
      context: {
        ...{ ai_provider: "openai-compatible", model: "scripted", temperature: 0.7, max_tokens: 300 },
        conversation_history: [{ role: "user", content: "never said here" }],
      },
    });
    expect(session_id).toBe(first.session_id);
    const body = asked(message);
    expect(body).toMatchObject({ model: "scripted", temperature: 0.7 });
    expect(JSON.stringify(body)).toContain(first.message);
    expect(JSON.stringify(body)).not.toContain("never said here");
  });

  it("counts where the request itself names none, and a model that is not there is refused wherever it stands", async () => {
    const caller = instance.user("bob");
    const offline = await answered(caller, { context: { ai_provider: "offline" } });
    const own = await answered(caller, { ai_provider: "offline", context: { ai_provider: "openai-compatible" } });
    const standard = await answered(caller, {});
    expect(offline.answer?.model).toBe(own.answer?.model);
    expect(standard.answer?.model).toBe("scripted");
    expect(own.answer?.model).not.toBe("scripted");
    for (const fields of [{ context: { model: "no such" } }, { model: "no such", context: { model: "scripted" } }]) {
      expectError(await caller.call("POST", "/api/chat", { body: { message: "x", ...fields } }), "model_not_found");
    }
  });

  it.each([
    [
      "null everywhere",
      {
        session_id: null,
        ai_provider: null,
        model: null,
        attachments: null,
        temporary: null,
        history: null,
        context: null,
      },
    ],
    [
      "null in it",
      {
        context: {
          ai_provider: null,
          model: null,
          temperature: null,
          max_tokens: null,
          system_prompt: null,
          conversation_history: null,
        },
      },
    ],
    ["empty names", { context: { ai_provider: "", model: "" } }],
    ["nothing", { context: {} }],
    [
      "what nobody here knows",
      { context: { stream: true, user_preferences: { tone: "dry" }, metadata: null, tools: [] } },
    ],
    [
      "a history of other kinds",
      { context: { conversation_history: [{ role: "system", content: "x" }, { role: "tool" }, 7, null, "said"] } },
    ],
    [
      "a history in parts",
      { context: { conversation_history: [{ role: "user", content: [{ type: "text", text: "x" }] }] } },
    ],
    ["a history that is none", { context: { conversation_history: "user: hello" } }],
  ])("%s is taken", async (_what, fields) => {
    const { answer } = await answered(instance.user("eve"), fields);
    expect(answer).toMatchObject({ status: "complete", model: "scripted" });
  });

  it("what has a wrong value is refused, not guessed", async () => {
    const caller = instance.user("eve");
    for (const context of [
      { temperature: 9 },
      { max_tokens: 0 },
      { system_prompt: 1 },
      { model: 4 },
      { ai_provider: {} },
      [],
      "x",
    ]) {
      await caller.refused("invalid_request", "POST", "/api/chat", { body: { message: "x", context } });
    }
    await caller.refused("invalid_request", "POST", "/api/chat", { body: { message: "x", user_id: "eve", extra: 1 } });
  });

  it("is the history of a temporary chat, which the server does not keep, unless it is given as such", async () => {
    const caller = instance.user("kim");
    const said = (content: string) => [
      { role: "user", content },
      { role: "assistant", content: "I see." },
      { role: "tool" },
    ];
    const context = { conversation_history: said("marzipan") };
    for (const [fields, part, other] of [
      [{ temporary: true, context }, "marzipan", "cinnamon"],
      [{ temporary: true, context, history: said("cinnamon").slice(0, 2) }, "cinnamon", "marzipan"],
    ] as const) {
      const message = `temporary ${++turns}`;
      await caller.chat(message, fields);
      await until("it was asked", () => fixture.provider.requests.all.some(({ prompt }) => prompt === message));
      const body = JSON.stringify(asked(message));
      expect([body.includes(part), body.includes(other), body.includes("I see.")]).toEqual([true, false, true]);
    }
  });

  it("is taken where an answer is asked for again", async () => {
    const caller = instance.user("ann");
    const { answer } = await answered(caller, {});
    const body = { ai_provider: null, context: { ai_provider: "offline", conversation_history: [], stream: true } };
    const again = await caller.call("POST", `/api/messages/${answer?.message_id}/regenerate`, { body });
    expect(again.status).toBe(202);
  });
});
