import { afterEach, describe, expect, test } from "vitest";
import type { Environment } from "../src/index.ts";
import { baseChunk, chunksOf, LiveServer, snapshotOf, until, type Visit } from "./live-server.ts";
import { readerOf } from "./reader.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(handle: (visit: Visit, index: number) => void) {
  const server = new LiveServer(handle);
  const baseUrl = await server.start();
  cleanUps.push(() => server.stop());
  return { server, baseUrl };
}

function read(...parameters: Parameters<typeof readerOf>) {
  const reader = readerOf(...parameters);
  cleanUps.push(() => reader.stream.close());
  return reader;
}

const pieces = ["Grüße ", "aus ", "der 🏔️", " Höhe."];
const whole = pieces.join("");

describe("reading an answer", () => {
  test("a whole answer arrives as its increments and ends verified", async () => {
    const { baseUrl } = await serve((visit) =>
      visit
        .open()
        .chunks(...chunksOf(pieces))
        .ready(),
    );
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.shown()).toBe(whole);
    expect(reader.ended()).toMatchObject([{ status: "complete", finishReason: "stop", model: "m", tokensUsed: 7 }]);
    expect(reader.stream.cursor()).toBeNull();
  });

  test("a cut in the middle resumes from the cursor without a gap or a repeat", async () => {
    const chunks = chunksOf(pieces);
    const { server, baseUrl } = await serve((visit, index) => {
      if (index > 0)
        return visit
          .open()
          .chunks(...chunks.slice(2))
          .ready();
      const half = JSON.stringify(chunks[2]).slice(0, 40);
      visit
        .open()
        .chunks(...chunks.slice(0, 2))
        .response.write(`event: chunk\ndata: ${half}`, () => visit.cut());
      return visit;
    });
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.shown()).toBe(whole);
    expect(server.visits[0]!.cursor).toBeNull();
    expect(server.visits[1]!.cursor).toBe("1~msg_1:0.1");
  });

  test("pieces that are there already are ignored, also after the end", async () => {
    const chunks = chunksOf(pieces);
    const { baseUrl } = await serve((visit) => {
      visit
        .open()
        .chunks(...chunks.slice(0, 3), ...chunks.slice(0, 3), ...chunks.slice(3), ...chunks)
        .ready();
    });
    const reader = read(baseUrl);
    await until(() => reader.of("ready").length === 1);
    expect(reader.shown()).toBe(whole);
    expect(reader.ended()).toHaveLength(1);
  });

  test("a hole is not skipped: the stream is opened again from the last whole piece", async () => {
    const chunks = chunksOf(pieces);
    const { server, baseUrl } = await serve((visit, index) => {
      if (index > 0)
        visit
          .open()
          .chunks(...chunks.slice(1))
          .ready();
      else visit.open().chunks(chunks[0]!, chunks[2]!, chunks[3]!);
    });
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.shown()).toBe(whole);
    expect(server.visits[1]!.cursor).toBe("1~msg_1:0.0");
  });

  test("a piece at the wrong offset counts as a hole", async () => {
    const chunks = chunksOf(pieces);
    const { server, baseUrl } = await serve((visit, index) => {
      if (index > 0)
        visit
          .open()
          .chunks(...chunks.slice(1))
          .ready();
      else visit.open().chunks(chunks[0]!, { ...chunks[1]!, offset: 3 });
    });
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.shown()).toBe(whole);
    expect(server.visits).toHaveLength(2);
  });

  test("a hole that stays is asked for with growing waits", async () => {
    const chunks = chunksOf(pieces);
    const { server, baseUrl } = await serve((visit) => visit.open().chunks(chunks[2]!));
    const waitsMs: number[] = [];
    const after: Environment["after"] = (delayMs, task) => {
      if (delayMs < 20_000) waitsMs.push(delayMs);
      const timer = setTimeout(task, delayMs < 15_000 ? Math.min(delayMs, 5) : delayMs);
      return () => clearTimeout(timer);
    };
    read(baseUrl, { environment: { after, random: () => 0.999 } });
    await until(() => server.visits.length >= 7);
    const backoffs = waitsMs.filter((waitMs) => waitMs !== 1_000 && waitMs !== 15_000);
    expect(backoffs.slice(0, 5).map((waitMs) => Math.round(waitMs / 100))).toEqual([10, 20, 40, 50, 50]);
  });

  test("a snapshot replaces, and what follows continues it", async () => {
    const chunks = chunksOf(pieces);
    const { baseUrl } = await serve((visit) => {
      const snapshot = snapshotOf({ upto: 1, text: "Grüße aus ", reasoning: "hm" });
      visit
        .open()
        .chunks(chunks[0]!)
        .event("snapshot", snapshot)
        .chunks(...chunks.slice(1))
        .ready();
    });
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.shown()).toBe(whole);
    expect(
      reader.of("answer_changed").some((event) => event.change === "replaced" && event.fold.reasoning === "hm"),
    ).toBe(true);
  });

  test("a snapshot of a finished answer ends it", async () => {
    const { baseUrl } = await serve((visit) => {
      visit
        .open()
        .event("snapshot", snapshotOf({ upto: 9, text: "All of it", status: "stopped" }))
        .ready();
    });
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.shown()).toBe("All of it");
    expect(reader.ended()).toMatchObject([{ status: "stopped", finishReason: null }]);
  });

  test("plain pieces of a third party go on after a snapshot", async () => {
    const plain = ["b", "c"].map((piece, index) => {
      const { attempt, ...rest } = baseChunk(index + 1, piece);
      return { ...rest, is_final: index === 1 };
    });
    const { baseUrl } = await serve((visit) => {
      visit
        .open()
        .event("snapshot", snapshotOf({ upto: 0, text: "a" }))
        .chunks(...plain)
        .ready();
    });
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.shown()).toBe("abc");
  });

  test("a reset is seen as such; a new generation begins from nothing", async () => {
    const reset = { ...baseChunk(1, ""), chunk_type: "reset" as const, offset: 6 };
    const again = { ...baseChunk(2, "Anew"), offset: 0, attempt: 2 };
    const { baseUrl } = await serve((visit) => {
      visit
        .open()
        .chunks(chunksOf(pieces)[0]!, reset, again)
        .chunks(...chunksOf(["Second ", "life"], { generation: 1 }))
        .ready();
    });
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(reader.of("answer_changed").map((event) => event.change)).toEqual([
      "replaced",
      "replaced",
      "appended",
      "replaced",
      "appended",
      "appended",
    ]);
    expect(reader.shown()).toBe("Second life");
  });
});

describe("an answer that does not match its hash", () => {
  test("is read again from nothing", async () => {
    const chunks = chunksOf(pieces);
    const wrong = chunks.map((chunk, index) => (index === 1 ? { ...chunk, chunk: "AUS " } : chunk));
    const { server, baseUrl } = await serve((visit, index) =>
      visit
        .open()
        .chunks(...(index === 0 ? wrong : chunks))
        .ready(),
    );
    const reader = read(baseUrl);
    await until(() => reader.ended().length === 1);
    expect(server.visits[1]!.cursor).toBe("1~msg_1:0.-1");
    expect(reader.of("answer_unverified")).toHaveLength(1);
    expect(reader.shown()).toBe(whole);
  });

  test("is given up after two more readings, and the reader is told", async () => {
    const wrong = chunksOf(pieces).map((chunk, index) => (index === 1 ? { ...chunk, chunk: "AUS " } : chunk));
    const { server, baseUrl } = await serve((visit) =>
      visit
        .open()
        .chunks(...wrong)
        .ready(),
    );
    const reader = read(baseUrl);
    await until(() => reader.of("ready").length === 1);
    expect(reader.of("answer_unverified")).toHaveLength(3);
    expect(server.visits).toHaveLength(3);
    expect(reader.ended()).toHaveLength(0);
    expect(reader.stream.cursor()).toBeNull();
  });
});

describe("following sessions", () => {
  test("changing them keeps the cursors of answers that go on, and the connection counts as open", async () => {
    const chunks = chunksOf(pieces);
    const { server, baseUrl } = await serve((visit, index) => {
      visit.open();
      if (index === 0) visit.chunks(chunks[0]!, chunks[1]!).ready();
      else if (index === 2) visit.chunks(...chunks.slice(2)).ready();
      else visit.ready();
    });
    const reader = read(baseUrl);
    await until(() => reader.of("ready").length === 1);
    reader.stream.setSessions(["sess_2"]);
    await until(() => reader.of("ready").length === 2);
    await until(() => server.visits[0]!.closed);
    reader.stream.setSessions(["sess_2", "sess_1"]);
    reader.stream.setSessions(["sess_1", "sess_2"]);
    await until(() => reader.ended().length === 1);
    expect(server.visits.map((visit) => [visit.sessionIds.join(), visit.cursor])).toEqual([
      ["sess_1", null],
      ["sess_2", null],
      ["sess_2,sess_1", "1~msg_1:0.1"],
    ]);
    expect(reader.shown()).toBe(whole);
    expect(reader.states).toEqual(["connecting", "open"]);
  });

  test("answers known from history are asked for by name, and created ones are noted", async () => {
    const answer = { message_id: "msg_2", session_id: "sess_1", role: "assistant", status: "queued" };
    const { server, baseUrl } = await serve((visit, index) => {
      if (index === 0) visit.json(502, {});
      else visit.open().event("message_created", { session_id: "sess_1", answer }).ready();
    });
    const reader = read(baseUrl);
    reader.stream.track("msg_1", "sess_1");
    await until(() => reader.of("ready").length === 1);
    expect(server.visits[1]!.cursor).toBe("1~msg_1:0.-1");
    expect(reader.stream.cursor()).toBe("1~msg_1:0.-1,msg_2:0.-1");
    reader.stream.forgetSession("sess_1");
    expect(reader.stream.cursor()).toBeNull();
  });

  test("nine sessions are refused", async () => {
    const { baseUrl } = await serve((visit) => visit.open().ready());
    const reader = read(baseUrl);
    expect(() => reader.stream.setSessions(Array.from({ length: 9 }, (_, index) => `s${index}`))).toThrow(RangeError);
  });
});
