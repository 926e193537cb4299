import { errorRegistry, healthSchema, isErrorCode } from "@uci/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BadRequest, type BadRequestFacts, BadRequests, Lots } from "./bad-requests.ts";
import { Fixture, type Instance } from "./fixture.ts";
import { type RawAnswer, RawWire } from "./raw-wire.ts";

const inputs = { accounts: 75_000, trusted: 22_000, garbage: 3_000 };
const wires = 8;
const pipelined = 16;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.close());

/** What came back, counted; and the first few requests that were not refused as they should be. */
class Tally {
  readonly byStatus = new Map<number, number>();
  readonly wrong: string[] = [];
  readonly #startedMs = performance.now();

  add(request: BadRequest, answer: RawAnswer | null): void {
    const status = answer?.status ?? 0;
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    if (isRefusal(request, answer) || this.wrong.length >= 10) return;
    const shown = `${request.kind}: ${request.bytes.subarray(0, 600).toString("latin1")}`;
    this.wrong.push(`${shown}\n→ ${answer === null ? "no answer" : `${answer.status} ${answer.body.slice(0, 300)}`}`);
  }

  tell(what: string): void {
    const counts = [...this.byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    process.stdout.write(`  ${what}: ${counts.join(", ")} in ${seconds} s\n`);
  }
}

/** A 4xx with the registry's body, whose code, status and `retryable` belong together. */
function isRefusal(request: BadRequest, answer: RawAnswer | null): boolean {
  if (answer === null || answer.status < 400 || answer.status > 499) return false;
  if (request.method === "HEAD") return true;
  let body: { error?: { code?: unknown; message?: unknown; retryable?: unknown; correlation_id?: unknown } };
  try {
    body = JSON.parse(answer.body);
  } catch {
    return false;
  }
  const { code, message, retryable, correlation_id } = body.error ?? {};
  if (typeof code !== "string" || !isErrorCode(code) || typeof message !== "string") return false;
  const known = errorRegistry[code];
  return known.status === answer.status && known.retryable === retryable && typeof correlation_id === "string";
}

/** Sends so many requests over some sockets, several at a time on each. */
async function bombard(port: number, requests: BadRequests, count: number, tally: Tally): Promise<void> {
  let left = count;
  const work = async () => {
    let wire = await RawWire.open(port);
    let batch: BadRequest[] = [];
    for (;;) {
      while (batch.length < pipelined && left > 0) {
        batch.push(requests.next());
        left--;
      }
      if (batch.length === 0) break;
      wire.write(Buffer.concat(batch.map(({ bytes }) => bytes)));
      let answered = 0;
      let closed = false;
      while (answered < batch.length && !closed) {
        const request = batch[answered++]!;
        const answer = await wire.answer(request.method);
        tally.add(request, answer);
        closed = answer === null || answer.closes;
      }
      // What followed an answer that ended the connection was not read and goes out again.
      batch = batch.slice(answered);
      if (closed) {
        wire.close();
        wire = await RawWire.open(port);
      }
    }
    wire.close();
  };
  await Promise.all(Array.from({ length: wires }, work));
}

/** Somebody with a session, an answered turn and an account, and a stranger who is signed in. */
async function accountsFacts(instance: Instance): Promise<BadRequestFacts> {
  const password = "a password that will do";
  const owner = instance.browser();
  await owner.call("POST", "/api/auth/sign-up", { body: { email: "owner@example.org", password } });
  const theirs = await owner.chat("Mine", { ai_provider: "offline" });
  const reader = await owner.stream(`/api/sse?session_id=${theirs.session_id}`);
  await reader.untilReady();
  const guest = await instance.browser().call("POST", "/api/auth/guest", { body: {} });
  const cookie = guest.headers.getSetCookie().map((line) => line.split(";", 1)[0]);
  return factsOf(instance, theirs, { cookie: cookie.join("; ") });
}

function factsOf(
  instance: Instance,
  theirs: { session_id: string; message_id: string },
  caller: Record<string, string>,
): BadRequestFacts {
  const host = `127.0.0.1:${instance.port()}`;
  return { host, caller, foreignSession: theirs.session_id, foreignMessage: theirs.message_id };
}

async function expectUnharmed(instance: Instance, before: Record<string, number>, tally: Tally): Promise<void> {
  expect(tally.wrong.join("\n\n")).toBe("");
  expect(await instance.rowCounts()).toEqual(before);
  const health = await instance.browser().get(healthSchema, "/health");
  expect(health).toMatchObject({ status: "ok" });
}

it(`${inputs.accounts} bad requests of a signed-in guest are refused in the registry's words and change nothing`, async () => {
  const instance = await fixture.instance({ authMode: "accounts" });
  const facts = await accountsFacts(instance);
  await instance.settled();
  const before = await instance.rowCounts();
  const tally = new Tally();
  await bombard(instance.port(), new BadRequests(20_261_124, facts), inputs.accounts, tally);
  tally.tell("accounts");
  await expectUnharmed(instance, before, tally);
}, 180_000);

it(`${inputs.trusted} bad requests behind a trusted gateway`, async () => {
  const instance = await fixture.instance();
  const theirs = await instance.user("owner").chat("Mine", { ai_provider: "offline" });
  await instance.user("stranger").call("GET", "/api/sessions");
  await instance.settled();
  const before = await instance.rowCounts();
  const tally = new Tally();
  const facts = factsOf(instance, theirs, { "x-user-id": "stranger" });
  await bombard(instance.port(), new BadRequests(7, facts), inputs.trusted, tally);
  tally.tell("trusted");
  await expectUnharmed(instance, before, tally);
}, 180_000);

const host = "Host: a\r\n";
const brokenRequests: readonly string[] = [
  ...[
    "\r\n\r\nnonsense\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "G\u0000T / HTTP/1.1\r\n\r\n",
    "get / HTTP/1.1\r\n\r\n",
  ],
  ...[
    "GET  / HTTP/1.1 extra\r\n\r\n",
    "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ],
  `GET / HTTP/1.1\r\n${host}no colon here\r\n\r\n`,
  `GET / HTTP/1.1\r\n${host}Na me: x\r\n\r\n`,
  `GET / HTTP/1.1\r\n${host}X: a\u0000b\r\n\r\n`,
  `POST /api/chat HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`,
  `POST /api/chat HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
  `POST /api/chat HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST /api/chat HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
  `POST /api/chat HTTP/1.1\r\n${host}Transfer-Encoding: nonsense\r\n\r\n`,
  `GET /${"x".repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
  `GET /api/sessions HTTP/1.1\r\n${host}X: ${"x".repeat(20_000)}\r\n\r\n`,
  `GET /api/sessions HTTP/1.1\r\n${host}${Array.from({ length: 3_000 }, (_none, n) => `X${n}: 1\r\n`).join("")}\r\n`,
  "GET /api/sessions HTTP/1.1\r\n\r\n",
  `GET /api/sessions HTTP/1.1\r\n${host}Host: b\r\n\r\n`,
  `POST /api/chat HTTP/1.1\r\n${host}Expect: the unexpected\r\nContent-Length: 0\r\n\r\n`,
  `CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`,
  `GET /api/sse HTTP/1.1\r\n${host}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  `POST /api/chat HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 9999999\r\n\r\n`,
];

it(`${inputs.garbage} times raw garbage on the socket`, async () => {
  const instance = await fixture.instance({ authMode: "accounts" });
  const before = await instance.rowCounts();
  const tally = new Tally();
  const lots = new Lots(99);
  let left = inputs.garbage;
  const work = async () => {
    while (left-- > 0) {
      // The method `\u0001` begins no request, whatever follows it.
      const noise = `\u0001${lots.text(200)}\r\n\r\n`;
      const index = inputs.garbage - left - 1;
      const text = brokenRequests[index] ?? lots.one([noise, noise, ...brokenRequests]);
      const request = { kind: "garbage", method: "GET", bytes: Buffer.from(text, "latin1") };
      const wire = await RawWire.open(instance.port());
      wire.write(request.bytes);
      tally.add(request, await wire.answer("GET"));
      wire.close();
    }
  };
  await Promise.all(Array.from({ length: wires }, work));
  tally.tell("garbage");
  await expectUnharmed(instance, before, tally);
}, 120_000);
