import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { echo, startGateway, type TestGateway, Upstream } from "./fixture.ts";

const started: { pods: Upstream[]; gateway: TestGateway | null } = { pods: [], gateway: null };

async function gatewayBefore(...pods: Upstream[]): Promise<TestGateway> {
  started.pods = pods;
  for (const pod of pods) await pod.start();
  started.gateway = await startGateway(pods);
  return started.gateway;
}

afterEach(async () => {
  await started.gateway?.process.stop();
  for (const pod of started.pods) await pod.kill().catch(() => undefined);
});

/** A pod that takes a request and dies of it. */
const dying = () => new Upstream((request) => request.socket.destroy());
const leaving = () =>
  new Upstream((_request, response) => {
    response.writeHead(503, { "content-type": "application/json" }).end('{"error":{"code":"draining"}}');
  });
const post = (url: string, headers: Record<string, string> = {}) => fetch(url, { method: "POST", body: "{}", headers });

describe("a pod that is gone", () => {
  it("is not noticed by anybody: the next one is asked, whatever the method", async () => {
    const [gone, alive] = [echo("gone"), echo("alive")];
    const gateway = await gatewayBefore(gone, alive);
    await gone.kill();
    for (let round = 0; round < 6; round++) {
      expect((await fetch(`${gateway.url}/api/models`)).headers.get("x-pod")).toBe("alive");
      expect((await post(`${gateway.url}/api/chat`)).headers.get("x-pod")).toBe("alive");
      expect((await fetch(`${gateway.url}/api/sse`)).headers.get("x-pod")).toBe("alive");
    }
    await gone.start();
  });

  it("is used again when it is back", async () => {
    const [gone, alive] = [echo("gone"), echo("alive")];
    const gateway = await gatewayBefore(gone, alive);
    await gone.kill();
    await post(`${gateway.url}/api/chat`);
    await gone.start();
    const answers = [];
    for (let round = 0; round < 6; round++) answers.push((await post(`${gateway.url}/api/chat`)).headers.get("x-pod"));
    expect(answers).toContain("gone");
  });
});

describe("a pod that dies with a request in its hands", () => {
  it("costs a reader nothing", async () => {
    const [bad, good] = [dying(), echo("good")];
    const gateway = await gatewayBefore(bad, good);
    for (let round = 0; round < 6; round++) {
      expect((await fetch(`${gateway.url}/api/sessions`)).headers.get("x-pod")).toBe("good");
    }
    expect(bad.seen.length).toBeGreaterThan(0);
  });

  it("never makes a changing request arrive twice", async () => {
    const pods = [dying(), dying(), dying()];
    const gateway = await gatewayBefore(...pods);
    for (const path of ["/api/chat", "/chat", "/api/messages/msg_1/regenerate", "/api/messages/msg_1/stop"]) {
      const before = pods.flatMap(({ seen }) => seen).length;
      const response = await post(gateway.url + path);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { retryable: true } });
      expect(pods.flatMap(({ seen }) => seen).length).toBe(before + 1);
    }
  });

  it("is made up for where an Idempotency-Key makes that safe", async () => {
    const [bad, good] = [dying(), echo("good")];
    const gateway = await gatewayBefore(bad, good);
    for (let round = 0; round < 4; round++) {
      const response = await post(`${gateway.url}/api/chat?round=${round}`, { "idempotency-key": `key-${round}` });
      expect(await response.json()).toMatchObject({ pod: "good", url: `/api/chat?round=${round}`, bytes: 2 });
    }
    expect(bad.seen.length).toBeGreaterThan(0);
  });
});

describe("a pod that is leaving", () => {
  it("passes streams and turns with a key on to another", async () => {
    const [old, other] = [leaving(), echo("other")];
    const gateway = await gatewayBefore(old, other);
    for (let round = 0; round < 4; round++) {
      expect((await fetch(`${gateway.url}/api/sse`)).headers.get("x-pod")).toBe("other");
      const turn = await post(`${gateway.url}/api/chat`, { "idempotency-key": "key" });
      expect(turn.headers.get("x-pod")).toBe("other");
    }
  });

  it("is heard when there is no other", async () => {
    const gateway = await gatewayBefore(leaving(), leaving());
    for (let round = 0; round < 4; round++) {
      const response = await post(`${gateway.url}/api/chat`, { "idempotency-key": "key" });
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ error: { code: "draining" } });
    }
  });
});

/** A pod that is not ready: it sends requests on where it may, and else says why it cannot take them. */
const notReady = () =>
  new Upstream((request, response) => {
    const another = request.headers["x-ask-another"];
    if (another !== undefined) response.setHeader("x-accel-redirect", another);
    response.writeHead(503, { "content-type": "application/json" }).end('{"error":{"code":"broker_unavailable"}}');
  });

describe("a pod that is not ready", () => {
  it("gets no request answered by it while another is, and what changes something arrives there once, whole", async () => {
    const [old, other, third] = [notReady(), echo("other"), echo("third")];
    const gateway = await gatewayBefore(old, other, third);
    for (let round = 0; round < 9; round++) {
      for (const path of ["/api/chat", "/api/sessions", "/api/messages/msg_1/stop", "/anything"]) {
        const answer = await post(`${gateway.url}${path}?round=${round}`, { "content-type": "application/json" });
        expect(await answer.json()).toMatchObject({ method: "POST", url: `${path}?round=${round}`, bytes: 2 });
        const arrived = [...other.seen, ...third.seen].filter(({ url }) => url === `${path}?round=${round}`);
        expect(arrived).toHaveLength(1);
      }
      expect((await fetch(`${gateway.url}/api/models?round=${round}`)).status).toBe(200);
    }
    expect(old.seen.length).toBeGreaterThan(0);
  });

  it("is heard in its own words when all are like that, each asked once at most", async () => {
    const pods = [notReady(), notReady(), notReady()];
    const gateway = await gatewayBefore(...pods);
    const answer = await post(`${gateway.url}/api/chat`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ error: { code: "broker_unavailable" } });
    expect(pods.flatMap(({ seen }) => seen)).toHaveLength(3);
  });

  it("is not believed in what callers say of other places", async () => {
    const pod = new Upstream((request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(request.headers["x-ask-another"] ?? null));
    });
    const gateway = await gatewayBefore(pod);
    expect(await (await post(`${gateway.url}/api/chat`, { "x-ask-another": "@elsewhere" })).json()).toBeNull();
  });
});

describe("no pod at all", () => {
  it("is told to programs in JSON and to people in a page that tries again", async () => {
    const gone = echo("gone");
    const gateway = await gatewayBefore(gone);
    await gone.kill();
    const answer = await fetch(`${gateway.url}/api/sessions`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await answer.json()).toMatchObject({ error: { retryable: true } });
    const page = await fetch(`${gateway.url}/`);
    expect(page.status).toBe(503);
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await page.text()).toContain("tries again by itself");
    await gone.start();
  });
});

describe("a stream", () => {
  it("passes piece by piece, with headers as the pod gave them", async () => {
    let stream: ServerResponse | null = null;
    const pod = new Upstream((_request, response) => {
      stream = response;
      // The pod's own way out of nginx's buffers is left out here: the configuration alone must do.
      response.writeHead(200, { "content-type": "text/plain", "x-content-type-options": "nosniff" });
      response.write("0");
    });
    const gateway = await gatewayBefore(pod);
    for (const path of ["/api/sse", "/sse"]) {
      const response = await fetch(gateway.url + path, { headers: { "accept-encoding": "gzip" } });
      expect(response.headers.get("content-encoding")).toBeNull();
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).toBe("0");
      for (let piece = 1; piece < 50; piece++) {
        // Each is sent only after the one before has arrived, so a buffer anywhere would hang this.
        stream!.write(String(piece));
        expect((await reader.read()).value).toBe(String(piece));
      }
      stream!.end();
      expect((await reader.read()).done).toBe(true);
    }
  });

  it("ends at the pod when its reader goes away", async () => {
    let closed = false;
    const pod = new Upstream((request, response) => {
      response.write(": open\n\n");
      request.socket.once("close", () => {
        closed = true;
      });
    });
    const gateway = await gatewayBefore(pod);
    const end = new AbortController();
    await fetch(`${gateway.url}/api/sse`, { signal: end.signal });
    end.abort();
    await expect.poll(() => closed).toBe(true);
  });
});
