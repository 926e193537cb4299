import { afterEach, describe, expect, test } from "vitest";
import { ApiError, createClient, newSessionId } from "../src/index.ts";
import { LiveServer, type Visit } from "./live-server.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const accepted = { message_id: "msg_1", user_message_id: "msg_0", session_id: "sess_1", status: "accepted" };

async function clientOf(handle: (visit: Visit, index: number) => void, userId?: string) {
  const server = new LiveServer(handle);
  const baseUrl = await server.start();
  cleanUps.push(() => server.stop());
  const waitsMs: number[] = [];
  const client = createClient({
    baseUrl: `${baseUrl}/`,
    userId,
    headers: { "x-team": "blue" },
    environment: {
      after(delayMs, task) {
        const isTimeout = delayMs >= 30_000;
        if (!isTimeout) waitsMs.push(delayMs);
        const timer = setTimeout(task, isTimeout ? delayMs : 1);
        return () => clearTimeout(timer);
      },
    },
  });
  return { server, client, waitsMs };
}

function failure(call: Promise<unknown>): Promise<ApiError> {
  return call.then(
    () => Promise.reject(new Error("it succeeded")),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ApiError);
      return error as ApiError;
    },
  );
}

describe("sending", () => {
  test("is repeated under the same key until it is accepted", async () => {
    const { server, client, waitsMs } = await clientOf((visit, index) => {
      if (index === 0) visit.cut();
      else if (index === 1)
        visit.json(503, { error: { code: "draining", message: "…", retryable: true } }, { "retry-after": "2" });
      else if (index === 2) visit.json(500, "no");
      else visit.json(202, accepted);
    });
    await expect(client.chat({ session_id: "sess_1", message: "Hello" })).resolves.toEqual(accepted);
    const keys = server.visits.map((visit) => visit.request.headers["idempotency-key"]);
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(1);
    expect(waitsMs[1]).toBe(2_000);
    expect(server.visits[0]!.request.headers).toMatchObject({ "x-team": "blue", "content-type": "application/json" });
    expect(server.visits[0]!.request.headers["x-user-id"]).toBeUndefined();
  });

  test("is given up after four attempts, with the reason", async () => {
    const { server, client } = await clientOf((visit) => visit.cut());
    expect(await failure(client.chat({ message: "Hello" }))).toMatchObject({
      code: "network",
      status: 0,
      retryable: true,
    });
    expect(server.visits).toHaveLength(4);
  });

  test("is not repeated when the request itself was refused", async () => {
    const error = { code: "parent_unfinished", message: "Wait.", retryable: true, correlation_id: "corr_1" };
    const { server, client } = await clientOf((visit) => visit.json(409, { error }));
    const told = await failure(client.chat({ message: "Hello" }));
    expect(told).toMatchObject({ code: "parent_unfinished", message: "Wait.", status: 409, correlationId: "corr_1" });
    expect(server.visits).toHaveLength(1);
  });

  test("takes the caller's own key, and stops when it is told to", async () => {
    const controller = new AbortController();
    const { server, client } = await clientOf((visit, index) => {
      if (index === 0) visit.json(202, accepted);
      else controller.abort();
    });
    await client.messages.regenerate("msg_1", {}, { idempotencyKey: "key-1" });
    expect(server.visits[0]!.url.pathname).toBe("/api/messages/msg_1/regenerate");
    expect(server.visits[0]!.request.headers["idempotency-key"]).toBe("key-1");
    expect(await failure(client.chat({ message: "x" }, { signal: controller.signal }))).toMatchObject({
      code: "aborted",
    });
  });
});

describe("other calls", () => {
  test("name their route, query and caller", async () => {
    const { server, client } = await clientOf((visit) => visit.json(200, {}), "ada");
    await client.sessions.list({ limit: 30 });
    await client.sessions.messages("sess_1", { cursor: "c1" });
    await client.sessions.rename("sess_1", "New title");
    await client.sessions.remove("sess_1");
    await client.messages.stop("msg_1");
    await client.models();
    await client.account.guest();
    expect(server.visits.map(({ request }) => `${request.method} ${request.url}`)).toEqual([
      "GET /api/sessions?limit=30",
      "GET /api/sessions/sess_1/messages?cursor=c1",
      "PATCH /api/sessions/sess_1",
      "DELETE /api/sessions/sess_1",
      "POST /api/messages/msg_1/stop",
      "GET /api/models",
      "POST /api/auth/guest",
    ]);
    expect(server.visits.every(({ request }) => request.headers["x-user-id"] === "ada")).toBe(true);
  });

  test("an answer without a body is none", async () => {
    const { client } = await clientOf((visit) => visit.response.writeHead(204).end());
    await expect(client.sessions.remove("sess_1")).resolves.toBeUndefined();
  });

  test("a page in place of an answer is an error that may pass", async () => {
    const { client } = await clientOf((visit) => visit.response.end("<html>"));
    expect(await failure(client.models())).toMatchObject({ code: "bad_response", retryable: true });
  });
});

test("session ids are new, well formed and sort by time", () => {
  const ids = Array.from({ length: 50 }, newSessionId);
  expect(new Set(ids).size).toBe(50);
  for (const id of ids)
    expect(id).toMatch(/^sess_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
