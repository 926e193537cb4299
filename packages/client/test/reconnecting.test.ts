import { afterEach, describe, expect, test } from "vitest";
import { clientLimits } from "../src/limits.ts";
import { chunksOf, LiveServer, until, type Visit } from "./live-server.ts";
import { readerOf } from "./reader.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function soon(delayMs: number, task: () => void): () => void {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
}

async function readFrom(handle: (visit: Visit, index: number) => void, options: Parameters<typeof readerOf>[1] = {}) {
  const server = new LiveServer(handle);
  const baseUrl = await server.start();
  const reader = readerOf(baseUrl, options);
  cleanUps.push(
    () => server.stop(),
    () => reader.stream.close(),
  );
  return { server, reader };
}

describe("reconnecting", () => {
  test("a farewell is followed by a new connection at once", async () => {
    const { server, reader } = await readFrom((visit, index) => {
      if (index === 0) visit.open().ready().event("bye", { reason: "draining" }).response.end();
      else visit.open().ready();
    });
    await until(() => reader.of("ready").length === 2);
    expect(server.visits).toHaveLength(2);
    expect(reader.states).toEqual(["connecting", "open"]);
  });

  test("an answer that was not asked for by name and of which nothing comes is asked for, once", async () => {
    const quickly = {
      after: (delayMs: number, task: () => void) => soon(delayMs === clientLimits.unheardMs ? 20 : delayMs, task),
    };
    const { server, reader } = await readFrom((visit) => visit.open().ready(), { environment: quickly });
    await until(() => reader.of("ready").length === 1);
    reader.stream.track("msg_1", "sess_1");
    await until(() => reader.of("ready").length === 2);
    expect(server.visits[0]!.cursor).toBeNull();
    expect(server.visits[1]!.cursor).toBe("1~msg_1:0.-1");
    reader.stream.track("msg_2", "sess_1");
    await until(() => reader.of("ready").length === 3);
    expect(server.visits).toHaveLength(3);
  });

  test("an answer the server told of before it was ready, and of which nothing comes, is asked for by name", async () => {
    const quickly = {
      after: (delayMs: number, task: () => void) => soon(delayMs === clientLimits.unheardMs ? 20 : delayMs, task),
    };
    const created = (messageId: string) => ({
      session_id: "sess_1",
      answer: { message_id: messageId, session_id: "sess_1", role: "assistant", status: "queued" },
    });
    const { server, reader } = await readFrom(
      (visit, index) => {
        visit.open();
        if (index === 0) visit.event("message_created", created("msg_1")).ready();
        // What it tells of from then on, it brings: nothing of a slow model is asked for again and again.
        else visit.ready().event("message_created", created("msg_2"));
      },
      { environment: quickly },
    );
    await until(() => reader.of("message_created").length === 2);
    expect(server.visits.map(({ cursor }) => cursor)).toEqual([null, "1~msg_1:0.-1"]);
    reader.stream.track("msg_3", "sess_1");
    await until(() => server.visits.length === 3);
    // One reading for the third alone: the second was waiting and not asked for.
    expect(server.visits[2]!.cursor).toBe("1~msg_1:0.-1,msg_2:0.-1,msg_3:0.-1");
  });

  test("a gateway without a pod is tried until it has one", async () => {
    const { reader } = await readFrom((visit, index) => {
      if (index === 0) {
        visit.response.writeHead(502, { "content-type": "text/html" });
        visit.response.end("<h1>502 Bad Gateway</h1>");
      } else visit.open().ready();
    });
    await until(() => reader.of("ready").length === 1);
    expect(reader.states).toEqual(["connecting", "reconnecting", "open"]);
    expect(reader.of("connection")[1]!.error).toMatchObject({ code: "bad_response", status: 502 });
  });

  test("a page instead of a stream is not taken for one", async () => {
    const { reader } = await readFrom((visit, index) => {
      if (index === 0) visit.json(200, { portal: true });
      else visit.open().ready();
    });
    await until(() => reader.of("ready").length === 1);
    expect(reader.of("connection")[1]!.error).toMatchObject({ code: "bad_response" });
  });

  test("a stream that falls silent is left", async () => {
    const { server, reader } = await readFrom((visit) => visit.open().ready(), { silenceMs: 150 });
    await until(() => reader.of("ready").length >= 2);
    await until(() => server.visits[0]!.closed);
    expect(reader.of("connection").find(({ state }) => state === "reconnecting")?.error?.code).toBe("timeout");
  });

  test("comments count as signs of life", async () => {
    const { server, reader } = await readFrom(
      (visit) => {
        visit.open().ready();
        const timer = setInterval(() => visit.response.write(":\n\n"), 10);
        visit.response.on("close", () => clearInterval(timer));
        setTimeout(() => visit.event("recovering", { message_id: "msg_1", session_id: "sess_1" }), 700);
      },
      { silenceMs: 350 },
    );
    await until(() => reader.of("recovering").length === 1);
    expect(server.visits).toHaveLength(1);
  });

  test.each([401, 403, 404])("status %i is final until told otherwise", async (status) => {
    const body = { error: { code: "not_found", message: "No.", retryable: false, correlation_id: "corr_9" } };
    const { server, reader } = await readFrom((visit, index) => {
      if (index === 0) visit.json(status, body);
      else visit.open().ready();
    });
    await until(() => reader.states.includes("refused"));
    expect(reader.of("connection").at(-1)!.error).toMatchObject({ status, code: "not_found", correlationId: "corr_9" });
    expect(server.visits).toHaveLength(1);
    reader.stream.reconnect();
    await until(() => reader.of("ready").length === 1);
    expect(reader.states).toEqual(["connecting", "refused", "connecting", "open"]);
  });

  test("too many requests are waited out as long as the server asks", async () => {
    const waitsMs: number[] = [];
    const { reader } = await readFrom(
      (visit, index) => {
        if (index === 0) visit.json(429, {}, { "retry-after": "7" });
        else visit.open().ready();
      },
      {
        environment: {
          after(delayMs, task) {
            waitsMs.push(delayMs);
            const timer = setTimeout(task, delayMs === 7_000 ? 1 : delayMs);
            return () => clearTimeout(timer);
          },
        },
      },
    );
    await until(() => reader.of("ready").length === 1);
    expect(waitsMs).toContain(7_000);
  });

  test("waking up ends the wait, and a machine without network is said to be offline", async () => {
    let wake = () => {};
    let online = false;
    const { reader } = await readFrom(
      (visit, index) => {
        if (index === 0) visit.cut();
        else visit.open().ready();
      },
      {
        environment: {
          random: () => 1,
          after(delayMs, task) {
            // Only waking up may end the wait.
            const timer = delayMs < 1_000 ? undefined : setTimeout(task, delayMs);
            return () => clearTimeout(timer);
          },
          signals: {
            isOnline: () => online,
            onWake(listener) {
              wake = listener;
              return () => {};
            },
          },
        },
      },
    );
    await until(() => reader.states.includes("offline"));
    online = true;
    wake();
    await until(() => reader.states.includes("open"));
    expect(reader.states).toEqual(["connecting", "offline", "open"]);
  });

  test("something unreadable is never skipped", async () => {
    const { server, reader } = await readFrom((visit, index) => {
      if (index === 0) visit.open().response.write('event: chunk\ndata: {"chunk_id":\n\n');
      else visit.open().ready();
    });
    await until(() => reader.of("ready").length === 1);
    expect(server.visits).toHaveLength(2);
  });

  test("events of a later version are passed over", async () => {
    const { server, reader } = await readFrom((visit) => visit.open().event("hologram", { x: 1 }).ready());
    await until(() => reader.of("ready").length === 1);
    expect(server.visits).toHaveLength(1);
  });

  test("a pause gives the connection back and keeps the positions", async () => {
    const chunks = chunksOf(["one ", "two"]);
    const { server, reader } = await readFrom((visit, index) => {
      if (index === 0) visit.open().chunks(chunks[0]!).ready();
      else
        visit
          .open()
          .chunks(...chunks.slice(1))
          .ready();
    });
    await until(() => reader.of("ready").length === 1);
    reader.stream.pause();
    reader.stream.setSessions(["sess_1", "sess_2"]);
    await until(() => server.visits[0]!.closed);
    expect(server.visits).toHaveLength(1);
    reader.stream.reconnect();
    await until(() => reader.ended().length === 1);
    expect(server.visits[1]!.cursor).toBe("1~msg_1:0.0");
    expect(server.visits[1]!.sessionIds).toEqual(["sess_1", "sess_2"]);
    expect(reader.shown()).toBe("one two");
    expect(reader.states).toEqual(["connecting", "open", "paused", "connecting", "open"]);
  });

  test("nothing is told after close, and the connection is given back", async () => {
    const { server, reader } = await readFrom((visit) => visit.open().ready());
    await until(() => reader.of("ready").length === 1);
    reader.stream.close();
    await until(() => server.visits[0]!.closed);
    reader.stream.reconnect();
    reader.stream.setSessions(["sess_7"]);
    expect(reader.events.at(-1)).toMatchObject({ type: "connection", state: "closed" });
    expect(server.visits).toHaveLength(1);
  });
});
