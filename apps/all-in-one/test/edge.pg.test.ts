import { createHmac } from "node:crypto";
import net from "node:net";
import { wireLimits } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fixture, type Instance, until } from "./fixture.ts";
import { RawWire } from "./raw-wire.ts";

const secret = "shared with the gateway, and long enough for it";
const edge = { allowedHosts: [], corsOrigins: [], headerOnly: false, gatewaySecret: undefined, maxConnections: 10_000 };

let fixture: Fixture;
let accounts: Instance;
let trusted: Instance;
let signed: Instance;
let behindProxy: Instance;

beforeAll(async () => {
  fixture = await Fixture.start();
  accounts = await fixture.instance({
    authMode: "accounts",
    publicUrl: "https://chat.example.org",
    edge: { ...edge, allowedHosts: ["pod-1"], corsOrigins: ["http://localhost:3000"] },
    requestTimeoutMs: 1_000,
  });
  trusted = await fixture.instance();
  behindProxy = await fixture.instance({ trustForwardedFrom: ["127.0.0.1"] });
  signed = await fixture.instance({ edge: { ...edge, gatewaySecret: secret } });
});

afterAll(() => fixture.close());

/** One request by hand, since `fetch` sets the Host header itself; resolves with its answer, the connection closed. */
async function byHand(instance: Instance, lines: readonly string[], body: string = "") {
  const wire = await RawWire.open(instance.port());
  wire.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`));
  const answer = await wire.answer(lines[0]!.split(" ", 1)[0]!);
  wire.close();
  return answer;
}

describe("host names", () => {
  const ask = (instance: Instance, host: string, path = "/health") =>
    byHand(instance, [`GET ${path} HTTP/1.1`, `Host: ${host}`, "X-User-Id: victim"]);

  it.each([
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "chat.example.org.evil",
  ])("answers 421 to %s, which a stranger's name service may point here", async (host) => {
    for (const path of ["/health", "/metrics", "/api/sessions", "/", "/no-such-path"]) {
      expect((await ask(trusted, host, path))?.status, path).toBe(421);
    }
    const refused = await byHand(
      trusted,
      [
        "POST /api/chat HTTP/1.1",
        `Host: ${host}`,
        `Origin: http://${host}`,
        "X-User-Id: victim",
        "Content-Type: application/json",
        "Content-Length: 15",
      ],
      '{"message":"x"}',
    );
    expect(refused?.status).toBe(421);
  });

  it("is not told another one by a header that a page can set", async () => {
    const lines = ["GET /health HTTP/1.1", "Host: evil.example", "X-Forwarded-Host: 127.0.0.1", "X-User-Id: victim"];
    expect((await byHand(behindProxy, lines))?.status).toBe(421);
    expect((await ask(behindProxy, "evil.example@127.0.0.1"))?.status).toBe(421);
  });

  it("answers to loopback, to any address, to the public name and to those of ALLOWED_HOSTS", async () => {
    for (const host of ["localhost:1", "x.localhost", "127.0.0.1", "[::1]:8080", "10.1.2.3:80"]) {
      expect((await ask(accounts, host))?.status, host).toBe(200);
    }
    for (const host of ["chat.example.org", "CHAT.example.org:443", "pod-1:8081"]) {
      expect((await ask(accounts, host))?.status, host).toBe(200);
      expect((await ask(trusted, host))?.status, host).toBe(421);
    }
  });
});

describe("other sites", () => {
  it("are refused what they read by a link, with the cookie it carries", async () => {
    const caller = accounts.browser();
    const crossSite = { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" } };
    await caller.refused("origin_not_allowed", "GET", "/api/sse?session_id=planted", crossSite);
    await caller.refused("origin_not_allowed", "GET", "/api/sessions", crossSite);
    expect((await caller.call("GET", "/health", crossSite)).status).toBe(200);
    for (const path of ["/%61pi/sessions", "/api/sessions?x", "//localhost/api/sessions"]) {
      const lines = [`GET ${path} HTTP/1.1`, "Host: localhost", "Sec-Fetch-Site: cross-site"];
      expect([403, 404], path).toContain((await byHand(accounts, lines))?.status);
    }
    const sameOrigin = { headers: { "sec-fetch-site": "same-origin" } };
    await caller.refused("unauthenticated", "GET", "/api/sessions", sameOrigin);
  });

  it("may call the API when CORS_ORIGINS names them, streams included, and no other may", async () => {
    const caller = accounts.browser();
    const page = { origin: "http://localhost:3000", "sec-fetch-site": "cross-site" };
    const preflight = await caller.call("OPTIONS", "/api/chat", {
      headers: { ...page, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(page.origin);
    const guest = await caller.call("POST", "/api/auth/guest", { headers: page });
    expect(guest.status).toBe(200);
    expect(guest.headers.get("access-control-allow-credentials")).toBe("true");
    const stream = await caller.stream("/api/sse", page);
    expect(stream.headers["access-control-allow-origin"]).toBe(page.origin);
    const stranger = { origin: "http://localhost:3001" };
    await caller.refused("origin_not_allowed", "POST", "/api/chat", { headers: stranger, body: { message: "x" } });
    await caller.refused("origin_not_allowed", "GET", "/api/sessions", { headers: stranger });
  });
});

describe("bodies", () => {
  it("of strangers are refused before they are sent, on every route that is not open to anyone", async () => {
    const routes = ["/api/import", "/api/attachments", "/api/chat", "/api/sessions", "/api/folders", "/api/prompts"];
    for (const path of routes) {
      const refused = await byHand(accounts, [
        `POST ${path} HTTP/1.1`,
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 500000",
      ]);
      expect(refused?.status, path).toBe(401);
      expect(refused?.closes, path).toBe(true);
    }
    const pieces = ["POST /api/import HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
    expect((await byHand(accounts, [...pieces, "Transfer-Encoding: chunked"]))?.status).toBe(401);
  });

  it("of unknown paths are refused before they are sent", async () => {
    const head = ["POST /api/no-such-path HTTP/1.1", "Host: localhost", "Content-Length: 900000"];
    expect((await byHand(accounts, head))?.status).toBe(404);
  });

  it("that a stranger may send are small", async () => {
    const head = ["POST /api/auth/sign-in HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
    expect((await byHand(accounts, [...head, "Content-Length: 20000"]))?.status).toBe(413);
    const { text } = await accounts.browser().call("GET", "/metrics");
    expect(text).toMatch(/^uci_bodies_refused_total\{code="payload_too_large"\} \d+$/m);
  });

  it("may together take so much memory of a pod and no more, and one person's are bounded alone", async () => {
    const inFlight = async (holds: (bytes: number) => boolean) => {
      const { text } = await trusted.browser().call("GET", "/metrics");
      return holds(Number(/^uci_body_bytes_in_flight (\d+)$/m.exec(text)?.[1]));
    };
    const importing = (user: string) => [
      "POST /api/import HTTP/1.1",
      "Host: localhost",
      `X-User-Id: ${user}`,
      "Content-Type: application/json",
      `Content-Length: ${wireLimits.importBytes}`,
    ];
    const begin = async (user: string, bytes: number) => {
      const wire = await RawWire.open(trusted.port());
      wire.write(Buffer.from(`${importing(user).join("\r\n")}\r\n\r\n`));
      wire.write(Buffer.alloc(bytes, 0x20));
      return wire;
    };
    const megabytes = 1024 * 1024;
    // Whoever announces much and sends nothing takes nobody's room.
    const silent = await Promise.all(["a", "b", "c"].map((user) => begin(user, 0)));
    const first = await begin("ada", 40 * megabytes);
    await until("what came is counted", () => inFlight((bytes) => bytes >= 40 * megabytes));
    const second = await begin("ada", 20 * megabytes);
    expect((await second.answer("POST"))?.status).toBe(429);
    const third = await begin("grace", 40 * megabytes);
    expect((await third.answer("POST"))?.status).toBe(503);
    const { text } = await trusted.browser().call("GET", "/metrics");
    for (const code of ["too_many_requests", "overloaded"]) {
      expect(text).toMatch(new RegExp(`^uci_bodies_refused_total\\{code="${code}"\\} 1$`, "m"));
    }
    // Small ones of anybody have room beside it.
    expect((await trusted.user("grace").call("POST", "/api/sessions", { body: {} })).status).toBe(201);
    for (const wire of [first, second, third, ...silent]) wire.close();
    await until("bodies that broke off are counted no more", () => inFlight((bytes) => bytes === 0));
  });

  it("of files are taken up to their own length, whether they say it or not", async () => {
    const image = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(5 * 1024 * 1024)]);
    const send = (body: Buffer | ReadableStream) =>
      fetch(`${trusted.address()}/api/attachments`, {
        ...{ method: "POST", body, duplex: "half" },
        headers: { "content-type": "image/png", "x-file-name": "a.png", "x-user-id": "ada" },
      } as RequestInit);
    expect((await send(image)).status).toBe(201);
    expect((await send(new Blob([image]).stream())).status).toBe(201);
  });

  it("may say __proto__ as a text, not as a key", async () => {
    const ada = trusted.user("ada");
    expect((await ada.call("POST", "/api/sessions", { body: { title: '"__proto__"' } })).status).toBe(201);
    const key = '{"title":"x","deep":[{"__proto__":1}]}';
    const head = ["POST /api/sessions HTTP/1.1", "Host: localhost", "X-User-Id: ada", "Content-Type: application/json"];
    expect((await byHand(trusted, [...head, `Content-Length: ${key.length}`], key))?.status).toBe(400);
  });
});

describe("odd requests", () => {
  it("a body nested too deep is refused, with an idempotency key too", async () => {
    const deep = `{"message":"x","deep":${"[".repeat(8_000)}${"]".repeat(8_000)}}`;
    const head = ["POST /api/chat HTTP/1.1", "Host: localhost", "X-User-Id: ada", "Idempotency-Key: deep"];
    const lines = [...head, "Content-Type: application/json", `Content-Length: ${deep.length}`];
    expect(await byHand(trusted, lines, deep)).toMatchObject({
      status: 400,
      body: expect.stringContaining("too deep"),
    });
  });

  it("two X-User-Id headers name nobody", async () => {
    const lines = ["GET /api/sessions HTTP/1.1", "Host: localhost", "X-User-Id: ada", "X-User-Id: eve"];
    expect((await byHand(trusted, lines))?.status).toBe(400);
  });
});

describe("methods", () => {
  it.each([
    ["GET", "/api/chat", "POST"],
    ["GET", "/chat", "POST"],
    ["DELETE", "/api/sse", "GET"],
    ["DELETE", "/api/ch%61t", "POST"],
    ["PUT", "/api/sessions/s1", "DELETE, GET, HEAD, PATCH"],
    ["POST", "/health", "GET, HEAD"],
  ])("%s %s is 405 and says what is allowed", async (method, path, allowed) => {
    const answer = await trusted.user("ada").refused("method_not_allowed", method, path);
    expect(answer.headers.get("allow")).toBe(allowed);
  });

  it("HEAD of a stream is refused, since nothing but a body would follow", async () => {
    const answer = await byHand(trusted, ["HEAD /api/sse HTTP/1.1", "Host: localhost", "X-User-Id: ada"]);
    expect(answer).toMatchObject({ status: 405, body: "" });
  });

  it("an unknown path stays 404", async () => {
    await trusted.user("ada").refused("not_found", "GET", "/api/nothing");
    await trusted.user("ada").refused("not_found", "POST", "/nothing", { body: {} });
  });
});

describe("sockets", () => {
  it.each([
    ["head", "X-Half: "],
    ["body", "Content-Length: 100000\r\n\r\n{"],
  ])(
    "of requests whose %s never comes whole are given back after the time-out, though the peer stays",
    async (...half) => {
      let lost = 0;
      const sockets = Array.from({ length: 50 }, () => {
        const socket = net.connect({ port: accounts.port(), host: "127.0.0.1", allowHalfOpen: true });
        socket.once("error", () => lost++);
        socket.write(`POST /api/auth/sign-in HTTP/1.1\r\nHost: localhost\r\n${half[1]}`);
        return socket;
      });
      // A socket that the pod has only ended still takes what is written; one that it destroyed answers with a reset.
      await until("the pod has destroyed all of them", () => {
        for (const socket of sockets) if (socket.writable) socket.write(" ");
        return lost === sockets.length;
      });
    },
  );
});

describe("the user a gateway names", () => {
  it("is nobody where the header is empty, whatever the query says", async () => {
    const caller = trusted.browser();
    const empty = { headers: { "x-user-id": "" } };
    await caller.refused("unauthenticated", "GET", "/api/sessions?user_id=victim", empty);
    await caller.refused("unauthenticated", "POST", "/api/chat", {
      ...empty,
      body: { message: "x", user_id: "victim" },
    });
    expect((await caller.call("GET", "/api/sessions?user_id=ada")).status).toBe(200);
  });

  it("is believed with the gateway's signature alone, once the gateway and this system share a secret", async () => {
    const caller = signed.browser();
    const seconds = Math.floor(Date.now() / 1000);
    const headers = (userId: string, at = seconds, method = "GET", by = secret) => ({
      "x-user-id": userId,
      "x-user-signature": `t=${at},v1=${createHmac("sha256", by).update(`${at}.${method}.${userId}`).digest("hex")}`,
    });
    const ask = (given: Record<string, string>, path = "/api/sessions") => caller.call("GET", path, { headers: given });
    expect((await ask(headers("ada"))).status).toBe(200);
    for (const wrong of [
      {},
      { "x-user-id": "ada" },
      { ...headers("ada"), "x-user-id": "victim" },
      headers("ada", seconds - 3_600),
      headers("ada", seconds, "POST"),
      headers("ada", seconds, "GET", "another secret, as long as the right one"),
      { "x-user-id": "ada", "x-user-signature": "t=1,v1=nonsense" },
    ]) {
      expect((await ask(wrong)).status, JSON.stringify(wrong)).toBe(401);
    }
    expect((await ask({}, "/api/sessions?user_id=ada")).status).toBe(401);
  });
});
