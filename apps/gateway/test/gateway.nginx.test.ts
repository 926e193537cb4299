import net from "node:net";
import { errorRegistry } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { echo, startGateway, type TestGateway, Upstream } from "./fixture.ts";

type ErrorAnswer = { error: { code: string; message: string; retryable: boolean; correlation_id: string } };

async function errorOf(response: Response): Promise<ErrorAnswer["error"]> {
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  const { error } = (await response.json()) as ErrorAnswer;
  expect(error.correlation_id).toBe(response.headers.get("x-correlation-id"));
  return error;
}

/** The status line and body that raw bytes are answered with. */
async function raw(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = net.connect(port, "127.0.0.1", () => socket.write(text));
  let answer = "";
  socket.on("data", (piece) => {
    answer += piece.toString();
  });
  socket.on("error", reject).on("close", () => resolve(answer));
  return promise;
}

describe("the gateway", () => {
  const pods = [echo("one"), echo("two")];
  let gateway: TestGateway;

  beforeAll(async () => {
    for (const pod of pods) await pod.start();
    gateway = await startGateway(pods);
  });
  afterAll(async () => {
    await gateway.process.stop();
    for (const pod of pods) await pod.kill();
  });

  it("passes page and API on as they were asked for", async () => {
    for (const path of ["/", "/c/some%20thing?a=%2F&b=", "/api/sessions/a%2Fb/messages?limit=2", "/health"]) {
      const answer = (await (await fetch(gateway.url + path)).json()) as { url: string };
      expect(answer.url).toBe(path);
    }
  });

  it("spreads over the pods", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${gateway.url}/api/models`)));
    expect(new Set(answers.map((answer) => answer.headers.get("x-pod")))).toEqual(new Set(["one", "two"]));
  });

  it("replaces what callers say about where they come from", async () => {
    const marker = "corr_caller-7";
    await fetch(`${gateway.url}/api/models`, {
      headers: {
        "x-correlation-id": marker,
        "x-forwarded-for": "10.9.8.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil.example",
        "x-real-ip": "10.9.8.7",
        forwarded: "for=10.9.8.7",
        "x-user-id": "somebody",
      },
    });
    const { headers } = pods
      .flatMap(({ seen }) => seen)
      .find((request) => request.headers["x-correlation-id"] === marker)!;
    expect(headers).toMatchObject({
      host: `${gateway.host}:${gateway.port}`,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": `${gateway.host}:${gateway.port}`,
    });
    for (const name of ["x-real-ip", "forwarded", "x-user-id"]) expect(headers[name]).toBeUndefined();
  });

  it("makes a correlation id where there is none, or one of another form", async () => {
    await fetch(`${gateway.url}/api/models?made`, { headers: { "x-correlation-id": 'a"b' } });
    const request = pods.flatMap(({ seen }) => seen).find(({ url }) => url === "/api/models?made");
    expect(request?.headers["x-correlation-id"]).toMatch(/^corr_[0-9a-f]{32}$/);
  });

  it.each(["/metrics", "/metrics/", "/%6detrics", "//metrics", "/a/../metrics", "/@gateway/page"])(
    "keeps %s closed",
    async (path) => {
      const answer = await raw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      expect(answer).toContain('"code":"not_found"');
    },
  );

  it("refuses a body that is too large in the shape of our errors", async () => {
    const response = await fetch(`${gateway.url}/api/chat`, { method: "POST", body: "a".repeat(1_100_000) });
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toMatchObject({ code: "payload_too_large", retryable: false });
    const full = await fetch(`${gateway.url}/api/chat`, { method: "POST", body: "a".repeat(1024 * 1024) });
    expect(await full.json()).toMatchObject({ bytes: 1024 * 1024 });
  });

  it.each([
    ["what is no request", "nonsense\r\n\r\n", 400, "invalid_request"],
    ["a request without Host", "GET / HTTP/1.1\r\n\r\n", 400, "invalid_request"],
    [
      "headers that are too large",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(70_000)}\r\n\r\n`,
      413,
      "payload_too_large",
    ],
    ["a path that is too long", `GET /${"a".repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 413, "payload_too_large"],
    ["a method of nginx's own", "TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405, "method_not_allowed"],
  ])("answers %s in the shape of our errors", async (_name, text, status, code) => {
    const answer = await raw(gateway.port, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as ErrorAnswer;
    expect(body.error.code).toBe(code);
    expect(body.error.message).toBe(errorRegistry[code as "invalid_request"].meaning);
  });

  it("takes a cursor of full length", async () => {
    const path = `/api/sse?session_id=a&cursor=${"a".repeat(8192)}`;
    expect(await (await fetch(gateway.url + path)).json()).toMatchObject({ url: path });
  });

  it("logs a line of JSON a request, without its query", async () => {
    await fetch(`${gateway.url}/api/sessions?user_id=secret-person`, {
      headers: { "x-correlation-id": "corr_logged" },
    });
    await vi.waitFor(() => {
      const line = gateway.log().find((entry) => entry.correlation_id === "corr_logged");
      expect(line).toMatchObject({ method: "GET", path: "/api/sessions", status: 200 });
    });
    expect(JSON.stringify(gateway.log())).not.toContain("secret-person");
  });
});

describe("limits of one address", () => {
  it("lets a burst pass and answers what is over it from the registry", async () => {
    const pod = await echo("one").start();
    const gateway = await startGateway([pod], { requestsPerSecond: 1, requestBurst: 4 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(`${gateway.url}/api/models`)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(5);
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
    expect(await errorOf(refused[0]!)).toMatchObject({ code: "rate_limited", retryable: true });
    await gateway.process.stop();
    await pod.kill();
  });

  it("counts streams apart, by how many are open", async () => {
    const pod = await new Upstream((_request, response) => response.write(": open\n\n")).start();
    const gateway = await startGateway([pod], { requestsPerSecond: 1, requestBurst: 1, streamsPerAddress: 3 });
    const ends = Array.from({ length: 3 }, () => new AbortController());
    for (const end of ends) {
      const stream = await fetch(`${gateway.url}/api/sse?session_id=a`, { signal: end.signal });
      expect(stream.status).toBe(200);
    }
    const refused = await fetch(`${gateway.url}/sse?session_id=a`);
    expect(refused.status).toBe(429);
    expect(await errorOf(refused)).toMatchObject({ code: "too_many_connections", retryable: true });
    ends[0]?.abort();
    await vi.waitFor(async () => {
      const end = new AbortController();
      const again = await fetch(`${gateway.url}/api/sse?session_id=a`, { signal: end.signal });
      end.abort();
      expect(again.status).toBe(200);
    });
    for (const end of ends) end.abort();
    await gateway.process.stop();
    await pod.kill();
  });
});

describe("behind something that ends TLS", () => {
  const from = (address: string) => ({ headers: { "x-forwarded-for": address } });

  it("each caller is the address that it tells of, with a limit of its own; others cannot pretend", async () => {
    const pod = await echo("one").start();
    const limits = { requestsPerSecond: 1, requestBurst: 2 };
    const believing = await startGateway([pod], { ...limits, realIpFrom: ["127.0.0.0/8"] });
    const statuses = async (url: string, address: string) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/api/models`, from(address))));
      return answers.map(({ status }) => status);
    };
    expect(await statuses(believing.url, "203.0.113.7")).toContain(429);
    // Somebody else behind the same proxy, who also claims to come from a third address.
    expect((await fetch(`${believing.url}/api/models`, from("198.51.100.1, 203.0.113.8"))).status).toBe(200);
    expect(pod.seen.at(-1)?.headers["x-forwarded-for"]).toBe("203.0.113.8");
    await believing.process.stop();

    const doubting = await startGateway([pod], { ...limits, realIpFrom: ["192.0.2.0/24"] });
    await statuses(doubting.url, "203.0.113.7");
    expect(pod.seen.at(-1)?.headers["x-forwarded-for"]).toBe("127.0.0.1");
    expect((await fetch(`${doubting.url}/api/models`, from("203.0.113.9"))).status).toBe(429);
    await doubting.process.stop();
    await pod.kill();
  });
});

describe("AUTH_MODE=trusted", () => {
  it("lets X-User-Id pass", async () => {
    const pod = await echo("one").start();
    const gateway = await startGateway([pod], { trustsUserHeader: true });
    await fetch(`${gateway.url}/api/models`, { headers: { "x-user-id": "somebody" } });
    expect(pod.seen[0]?.headers["x-user-id"]).toBe("somebody");
    await gateway.process.stop();
    await pod.kill();
  });
});
