import net from "node:net";
import { scriptedAnswer } from "@uci/adapters/providers/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Fixture, type Instance, until, withClient } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;
beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance();
});
afterAll(() => fixture.close());

/** Requests that go out together over one connection, and all that comes back. */
function pipeline(paths: readonly string[]): { received: () => string; close: () => void } {
  const socket = net.connect(instance.port(), "127.0.0.1");
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(""));
  return { received: () => received, close: () => socket.destroy() };
}

/** While the task runs, whoever asks for saved prompts waits. */
async function whilePromptsWait(task: () => Promise<void>): Promise<void> {
  await withClient(instance.database, async (client) => {
    await client.query("begin");
    await client.query("lock table prompts in access exclusive mode");
    await task();
    await client.query("rollback");
  });
}

async function activeConnections(): Promise<number> {
  const health = (await (await fetch(`${instance.address()}/health`)).json()) as { active_connections: number };
  return health.active_connections;
}

it("a stream asked for behind a slow request begins when that is answered, and is whole", async () => {
  const user = instance.user("pipelined");
  const wires: ReturnType<typeof pipeline>[] = [];
  await whilePromptsWait(async () => {
    const wire = pipeline(["/api/prompts?user_id=pipelined", "/api/sse?session_id=behind&user_id=pipelined"]);
    wires.push(wire);
    await until("the stream is open", async () => (await activeConnections()) === 1);
    const other = await user.stream("/api/sse?session_id=behind");
    const { message_id } = await user.chat("Say 20 words", { session_id: "behind" });
    await other.untilPersisted(message_id);
    expect(wire.received()).toBe("");
  });
  const [wire] = wires;
  await until("it has all", async () => wire!.received().includes("event: message_persisted"));
  const received = wire!.received();
  const [answer, stream] = received.split(/(?=HTTP\/1\.1 )/);
  expect(answer).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\n\{"prompts":\[\],"next_cursor":null\}$/s);
  expect(stream).toMatch(/^HTTP\/1\.1 200 .*text\/event-stream.*?\r\n\r\n[0-9a-f]+\r\nretry: 1000\n/s);
  const chunks = [...stream!.matchAll(/event: chunk\ndata: (.*)/g)].map(([, data]) => JSON.parse(data!));
  expect(chunks.map(({ chunk }) => chunk).join("")).toBe(scriptedAnswer("Say 20 words"));
  wire!.close();
  user.close();
  await until("nobody is left", async () => (await activeConnections()) === 0);
});

it("a stream whose turn never comes leaves nothing behind", async () => {
  await whilePromptsWait(async () => {
    const wire = pipeline([
      "/api/prompts?user_id=waits",
      ...Array.from({ length: 12 }, (_, index) => `/api/sse?session_id=waits_${index}&user_id=waits`),
    ]);
    await until("the streams are open", async () => (await activeConnections()) === 12);
    wire.close();
    await until("nobody is left", async () => (await activeConnections()) === 0);
  });
});

it("a reader that left while its sessions were looked up leaves nothing behind, and is no error", async () => {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  const watched = await fixture.instance({ log });
  await withClient(watched.database, async (client) => {
    await client.query("begin");
    await client.query("lock table chat_sessions in access exclusive mode");
    const sockets = Array.from({ length: 5 }, (_none, index) => {
      const socket = net.connect(watched.port(), "127.0.0.1");
      socket.write(`GET /api/sse?session_id=left_${index}&user_id=leaving HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      return socket;
    });
    await until("they are being looked up", async () => {
      const { rows } = await client.query("select 1 from pg_locks where not granted");
      return rows.length > 0;
    });
    const gone = sockets.map((socket) => new Promise((resolve) => socket.on("close", resolve)));
    for (const socket of sockets) socket.destroy();
    await Promise.all(gone);
    await client.query("rollback");
  });
  await until("the sessions have been made", async () => {
    return (await watched.query("select 1 from chat_sessions where session_id like 'left%'")).length === 5;
  });
  await until("no stream is left", async () => {
    const health = (await (await fetch(`${watched.address()}/health`)).json()) as { active_connections: number };
    return health.active_connections === 0;
  });
  expect(lines).toEqual([]);
});
