import net from "node:net";
import { scriptedAnswer } from "@uci/adapters/providers/testing";
import { finalMetadataSchema } from "@uci/protocol";
import { sha256Hex } from "@uci/stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, Fixture, type Instance, type SeenEvent, textOf, until } from "./fixture.ts";
import { RawWire } from "./raw-wire.ts";

let fixture: Fixture;
let instance: Instance;
let users = 0;
const newUser = (pod = 0): Caller => instance.user(`user_${++users}`, pod);

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance({ pods: 2, workers: 2 });
});
afterAll(() => fixture.close());

/** What a reader that follows the rules shows after some events: the next chunk alone is taken, a snapshot replaces. */
class Shown {
  text = "";
  next = 0;
  completions = 0;
  snapshots = 0;

  take(events: readonly SeenEvent[], messageId: string): void {
    for (const { event, data } of events) {
      if (!("message_id" in data) || data.message_id !== messageId) continue;
      if (event === "snapshot") {
        expect(data.upto).toBeGreaterThanOrEqual(this.next - 1);
        [this.text, this.next] = [data.text, data.upto + 1];
        this.snapshots++;
      } else if (event === "chunk") {
        expect(data.chunk_id).toBe(this.next++);
        if (data.chunk_type === "content") expect(data.offset).toBe(Buffer.byteLength(this.text));
        if (data.chunk_type === "content") this.text += data.chunk;
      } else if (event === "message_complete") this.completions++;
    }
  }
}

describe("GET /api/sse", () => {
  it("opens with connected and tells the whole answer: chunks 0 to n, the end, and that it is stored", async () => {
    const user = newUser();
    const reader = await user.stream("/api/sse?session_id=whole");
    await reader.untilReady();
    const { message_id } = await user.chat("Say 40 words", { session_id: "whole" });
    await reader.untilPersisted(message_id);
    expect(reader.headers).toMatchObject({ "content-type": "text/event-stream; charset=utf-8" });
    expect(reader.headers["cache-control"]).toContain("no-cache");
    expect(reader.headers["x-accel-buffering"]).toBe("no");
    expect(reader.headers["content-security-policy"]).toContain("default-src 'self'");
    expect(reader.headers["x-content-type-options"]).toBe("nosniff");
    expect(reader.headers["x-correlation-id"]).toMatch(/^corr_/);
    expect(reader.retryMs).toBe(1_000);
    const health = await user.call("GET", "/health");
    expect(reader.events[0]).toMatchObject({
      event: "connected",
      data: { session_id: "whole", session_ids: ["whole"] },
    });
    expect(reader.all("connected")[0]!.data.pod_id).toBe((health.body as { pod_id: string }).pod_id);
    const chunks = reader.chunksOf(message_id);
    const text = textOf(chunks);
    expect(text).toBe(scriptedAnswer("Say 40 words"));
    expect(chunks.map(({ is_final }) => is_final).lastIndexOf(false)).toBe(chunks.length - 2);
    const last = chunks.at(-1)!;
    const metadata = finalMetadataSchema.parse(last.metadata);
    expect(last.is_final).toBe(true);
    expect(metadata).toMatchObject({ model: "scripted", finish_reason: "stop", sha256: sha256Hex(text) });
    expect(metadata.length).toBe(Buffer.byteLength(text));
    const token_count = metadata.tokens_used;
    expect(reader.all("message_complete").map(({ data }) => data)).toEqual([
      { message_id, session_id: "whole", token_count, finish_reason: "stop" },
    ]);
    const names = reader.events.map(({ event }) => event);
    expect(names.lastIndexOf("chunk")).toBeLessThan(names.indexOf("message_complete"));
    expect(names.indexOf("message_complete")).toBeLessThan(names.indexOf("message_persisted"));
    expect(names.filter((name) => name === "message_persisted")).toHaveLength(1);
  });

  it("is GET /sse, too, takes up to eight sessions and none, and makes those nobody has", async () => {
    const user = newUser();
    const eight = Array.from({ length: 8 }, (_none, index) => `eight_${index}`);
    const path = `/sse?${eight.map((id) => `session_id=${id}`).join("&")}`;
    const reader = await user.stream(path);
    await reader.untilReady();
    expect(reader.all("connected")[0]!.data.session_ids).toEqual(eight);
    expect((await user.call("GET", "/api/sessions")).body).toMatchObject({ sessions: { length: 8 } });
    const { message_id } = await user.chat("To the seventh", { session_id: "eight_6" });
    await reader.untilComplete(message_id);
    await user.refused("invalid_request", "GET", `${path}&session_id=ninth`);
    const bare = await user.stream("/sse");
    await bare.untilReady();
    expect(bare.all("connected")[0]!.data).toMatchObject({ session_id: null, session_ids: [] });
  });

  it("tells a user's other tabs, through another pod, of turns, titles and deletions", async () => {
    const user = newUser(0);
    const tab = await instance.user(`user_${users}`, 1).stream("/api/sse");
    const stranger = await newUser(1).stream("/api/sse");
    await Promise.all([tab.untilReady(), stranger.untilReady()]);
    const { session_id, message_id } = await user.chat("Elsewhere");
    await user.call("PATCH", `/api/sessions/${session_id}`, { body: { title: "Renamed" } });
    await until("it ends", async () => (await user.history(session_id)).at(-1)?.status === "complete");
    await user.call("DELETE", `/api/sessions/${session_id}`);
    await tab.until("deleted", ({ event, data }) => event === "session_updated" && data.change === "deleted");
    expect(tab.all("message_created")[0]!.data).toMatchObject({ session_id, answer: { message_id, content: "" } });
    const titles = tab.all("session_updated").map(({ data }) => [data.change, data.session?.title]);
    expect(titles).toEqual([
      ["created", "Elsewhere"],
      ["updated", "Renamed"],
      ["deleted", undefined],
    ]);
    expect(stranger.events.map(({ event }) => event)).toEqual(["connected", "ready"]);
  });

  it("refuses cursors it has not given out, and more streams than a user may have", async () => {
    const user = newUser();
    const long = `1~${Array.from({ length: 65 }, (_none, index) => `msg_${index}:0.1`).join(",")}`;
    for (const cursor of ["x", "2~", "1~a", "1~a:0.0.0", "1~a:0.-2", "1~a:0.1,a:0.1", "1~a b:0.1", "1~a:01.1", long]) {
      const query = `cursor=${encodeURIComponent(cursor)}`;
      await user.refused("invalid_cursor", "GET", `/api/sse?session_id=cursors&${query}`);
      await user.refused("invalid_cursor", "GET", "/api/sse", { headers: { "last-event-id": cursor } });
    }
    await user.refused("not_found", "GET", "/api/sessions/cursors");
    const few = await fixture.instance({ streamsPerUser: 2 });
    const many = few.user("many");
    const open = [await many.stream("/api/sse"), await many.stream("/api/sse")];
    const refused = await many.refused("too_many_connections", "GET", "/api/sse");
    expect(refused.headers.get("retry-after")).toBe("5");
    open[0]!.close();
    await until("its place is free", async () => {
      const third = await many.stream("/api/sse").catch(() => null);
      return third !== null;
    });
  });
});

describe("resuming", () => {
  const slow = (words: number, rate: number) => `Say ${words} words [fault=slow tokensPerSecond=${rate}]`;

  it("goes on after Last-Event-ID or cursor, through either pod, without loss or repeat", async () => {
    const user = newUser();
    const pods = [user, instance.user(`user_${users}`, 1)];
    const prompt = slow(120, 150);
    const { session_id, message_id } = await user.chat(prompt);
    const shown = new Shown();
    let cursor: string | null = null;
    for (let round = 0; shown.completions === 0; round++) {
      const asked = cursor !== null && round % 2 === 1 ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const headers: Record<string, string> = cursor !== null && round % 2 === 0 ? { "last-event-id": cursor } : {};
      const reader = await pods[round % 3 === 2 ? 1 : 0]!.stream(`/api/sse?session_id=${session_id}${asked}`, headers);
      const enough = () =>
        reader.chunksOf(message_id).length + reader.all("snapshot").length >= 9 ||
        reader.all("message_complete").length > 0;
      await reader.when("some of it", enough);
      reader.close();
      shown.take(reader.events, message_id);
      cursor = reader.lastEventId ?? cursor;
      expect(round).toBeLessThan(200);
    }
    expect(shown.text).toBe(scriptedAnswer(prompt));
    expect(shown.completions).toBe(1);
    // The end is told when it is committed; the row follows.
    await until("it is stored", async () => (await user.history(session_id)).at(-1)?.status === "complete");
    expect((await user.history(session_id)).at(-1)?.content).toBe(shown.text);
    expect(fixture.provider.requests.all.filter((request) => request.prompt === prompt)).toHaveLength(1);
  });

  it("from every chunk of an answer that is over brings exactly the rest and one end", async () => {
    const user = newUser();
    const reader = await user.stream("/api/sse?session_id=over");
    const { message_id } = await user.chat("Say 12 words", { session_id: "over" });
    await reader.untilPersisted(message_id);
    const steps = reader.all("chunk").filter(({ data }) => data.message_id === message_id);
    for (const [index, { id }] of steps.entries()) {
      const again = await user.stream("/api/sse?session_id=over", { "last-event-id": id! });
      await Promise.all([again.untilReady(), again.untilComplete(message_id)]);
      const shown = new Shown();
      shown.take(reader.events.slice(0, reader.events.indexOf(steps[index]!) + 1), message_id);
      expect(shown.next).toBe(index + 1);
      shown.take(again.events, message_id);
      expect(shown.text).toBe(scriptedAnswer("Say 12 words"));
      expect(shown.completions).toBe(1);
      again.close();
    }
    const done = await user.stream("/api/sse?session_id=over", { "last-event-id": reader.lastEventId! });
    await done.untilReady();
    expect(done.events.map(({ event }) => event)).toEqual(["connected", "ready"]);
  });

  it("a reader that joins in the middle, without a cursor, gets all of it", async () => {
    const user = newUser();
    const prompt = "Join me [fault=silence after=10]";
    const { session_id, message_id } = await user.chat(prompt);
    const first = await user.stream(`/api/sse?session_id=${session_id}`);
    // Until it is ready, a reader may find that the answer has ended meanwhile and leave it to the history.
    await first.untilReady();
    await fixture.provider.requests.until((all) => all.find((one) => one.prompt === prompt)?.tokensSent === 10);
    const late = await instance.user(`user_${users}`, 1).stream(`/api/sse?session_id=${session_id}`);
    await late.untilReady();
    await user.call("POST", `/api/messages/${message_id}/stop`);
    const texts = [];
    for (const reader of [first, late]) {
      await reader.untilPersisted(message_id);
      const shown = new Shown();
      shown.take(reader.events, message_id);
      texts.push(shown.text);
      expect(shown.completions).toBe(1);
    }
    expect(texts[1]).toBe(texts[0]);
    expect(texts[0]).not.toBe("");
    expect((await user.history(session_id)).at(-1)?.content).toBe(texts[0]);
  });
});

describe("going away", () => {
  it("a drain says bye to every stream, closes what runs, and leaves the rest to the next start", async () => {
    const database = await fixture.newDatabase();
    const leaving = await fixture.instance({ database, pods: 2 });
    const prompt = "Cut off [fault=silence after=4 times=1]";
    const { session_id, message_id } = await leaving.user("ann").chat(prompt, { session_id: "cut" });
    const readers = [
      await leaving.user("ann", 0).stream(`/api/sse?session_id=${session_id}`),
      await leaving.user("ann", 1).stream(`/api/sse?session_id=${session_id}`),
      await leaving.user("ben", 1).stream("/api/sse"),
    ];
    await Promise.all(readers.map((reader) => reader.untilReady()));
    await readers[0]!.until("its beginning", ({ event }) => event === "chunk" || event === "snapshot");
    await leaving.drain();
    for (const reader of readers) {
      await reader.when("the end", () => reader.end !== null);
      expect(reader.events.at(-1)).toMatchObject({ event: "bye", data: { reason: "draining" } });
    }
    await expect(leaving.user("ann").call("GET", "/health")).rejects.toThrow();
    const next = await fixture.instance({ database });
    expect(next.restarted).toBe(1);
    const user = next.user("ann");
    await until("it is complete", async () => (await user.history(session_id)).at(-1)?.status === "complete");
    const reader = await user.stream(`/api/sse?session_id=${session_id}`, {
      "last-event-id": readers[0]!.lastEventId!,
    });
    await reader.untilComplete(message_id);
    const rows = await next.query("select status, generation, content from messages where role = 'assistant'");
    expect(rows).toEqual([{ status: "complete", generation: 1, content: scriptedAnswer(prompt) }]);
    const shown = new Shown();
    shown.take(reader.events, message_id);
    expect([shown.text, shown.completions]).toEqual([scriptedAnswer(prompt), 1]);
  });
});

it("readers who leave while their sessions are looked up leave nothing behind", async () => {
  const instance = await fixture.instance();
  for (let index = 0; index < 60; index++) {
    const wire = await RawWire.open(instance.port());
    wire.write(Buffer.from(`GET /api/sse?session_id=left_${index}&user_id=leaver HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    // At different moments of the look-up: at once, and some turns of the event loop later.
    for (let turn = 0; turn < index % 12; turn++) await new Promise((resolve) => setImmediate(resolve));
    wire.close();
  }
  const last = await instance.user("leaver").stream("/api/sse?session_id=stays");
  await last.untilReady();
  await until("only who stayed is counted", async () => {
    const health = (await (await fetch(`${instance.address()}/health`)).json()) as { active_connections: number };
    return health.active_connections === 1;
  });
});

it("a proxy that speaks HTTP/1.0 gets plain lines, and the end of the connection as the end", async () => {
  const instance = await fixture.instance();
  const user = instance.user("old_proxy");
  const socket = net.connect(instance.port(), "127.0.0.1");
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("GET /api/sse?session_id=old&user_id=old_proxy HTTP/1.0\r\n\r\n");
  await until("it is ready", async () => received.includes("event: ready"));
  const { message_id } = await user.chat("Say 20 words", { session_id: "old" });
  await until("the answer is stored", async () => received.includes("event: message_persisted"));
  await instance.drain();
  await closed;
  const [head = "", body = ""] = received.split(/\r\n\r\n(.*)/s);
  expect(head.toLowerCase()).not.toContain("transfer-encoding");
  expect(body.split("\n").filter((line) => line !== "" && !/^(retry|id|event|data|:)/.test(line))).toEqual([]);
  const events = [...body.matchAll(/event: chunk\ndata: (.*)/g)].map(([, data]) => JSON.parse(data!));
  expect(events.map(({ chunk }) => chunk).join("")).toBe(scriptedAnswer("Say 20 words"));
  expect(events.every((chunk) => chunk.message_id === message_id)).toBe(true);
  expect(body).toContain('event: bye\ndata: {"reason":"draining"}');
});
