import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { askAnother } from "./ask-another.ts";
import { errorHandler } from "./errors.ts";

/** A pod of which only this is there; `done` counts what it has worked on. */
async function pod(state: { connected: boolean; draining: boolean }) {
  const app = Fastify();
  let done = 0;
  app.setErrorHandler(errorHandler(() => null));
  app.addHook(
    "onRequest",
    askAnother({ ports: { brokerConnected: () => state.connected }, isDraining: () => state.draining }),
  );
  app.all("/*", () => {
    done++;
    return { done: true };
  });
  const ask = async (url: string, place?: string) => {
    const answer = await app.inject({
      method: "POST",
      url,
      ...(place === undefined ? {} : { headers: { "x-ask-another": place } }),
    });
    return { status: answer.statusCode, place: answer.headers["x-accel-redirect"], done, body: answer.json() };
  };
  return ask;
}

describe("a pod that the gateway may pass by", () => {
  it.each([
    ["cut off from the broker", { connected: false, draining: false }, "broker_unavailable"],
    ["leaving", { connected: true, draining: true }, "no_pod_available"],
  ])(
    "%s: sends on before it has done anything, where a place is named, and not otherwise",
    async (_name, state, code) => {
      const ask = await pod(state);
      expect(await ask("/api/chat", "@other_pod_1")).toMatchObject({
        status: 503,
        place: "@other_pod_1",
        done: 0,
        body: { error: { code } },
      });
      // The last that is asked, a caller without a gateway, one that names another kind of place.
      for (const [index, place] of [undefined, "/api/secret", "@a; b"].entries()) {
        expect(await ask("/api/chat", place)).toMatchObject({ status: 200, place: undefined, done: index + 1 });
      }
      for (const url of ["/health", "/ready", "/ready/self", "/metrics"])
        expect(await ask(url, "@other_pod_1")).toMatchObject({ status: 200 });
    },
  );

  it("ready: answers itself", async () => {
    const ask = await pod({ connected: true, draining: false });
    expect(await ask("/api/chat", "@other_pod_1")).toMatchObject({ status: 200, place: undefined, done: 1 });
  });
});
