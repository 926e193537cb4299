import type { Chunk, StreamEvent } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { ChunksOnly } from "./chunks-only.ts";
import { parseEitherCursor } from "./given-text.ts";

/** A reader that joins the texts of `chunk` events, and starts over at id 0 where `startsOver`. */
class JoiningReader {
  text = "";
  id = "1~";
  readonly ids: number[] = [];
  readonly ends: Chunk[] = [];
  readonly names: string[] = [];
  readonly #startsOver: boolean;
  sink: ChunksOnly;

  constructor(startsOver = false) {
    this.#startsOver = startsOver;
    this.sink = this.#connect();
  }

  reconnect(): void {
    this.sink = this.#connect();
  }

  #connect(): ChunksOnly {
    const send = (event: StreamEvent, cursor: string | null) => {
      if (cursor !== null) this.id = cursor;
      this.names.push(event.event);
      if (event.event !== "chunk") return;
      const { chunk_id, chunk, is_final } = event.data;
      if (this.#startsOver && chunk_id === 0) this.text = "";
      this.ids.push(chunk_id);
      this.text += chunk;
      if (is_final) this.ends.push(event.data);
    };
    const wire = { send, unsentBytes: 0, close: () => undefined };
    return new ChunksOnly(wire, parseEitherCursor(this.id)!.given);
  }
}

function say(reader: JoiningReader, id: number, text: string, more: Partial<Chunk> = {}): void {
  const ids = { session_id: "sess_1", message_id: "msg_1", correlation_id: "c", timestamp: "t" };
  const data = { ...ids, generation: 0, attempt: 1, offset: 0, chunk_type: "content" as const, is_final: false };
  const chunk = { ...data, chunk_id: id, chunk: text, ...more };
  reader.sink.send({ event: "chunk", data: chunk }, `1~msg_1:${chunk.generation}.${id}`);
}

function snapshot(reader: JoiningReader, upto: number, text: string, status: "streaming" | "complete" | "failed") {
  const data = { message_id: "msg_1", session_id: "sess_1", generation: 0, upto, text, reasoning: "r", status };
  reader.sink.send({ event: "snapshot", data: { ...data, recovered: true } }, `1~msg_1:0.${upto}`);
}

const end = { is_final: true, metadata: { finish_reason: "stop" } };

describe("a reader that joins chunk texts", () => {
  it("has the text alone, in chunks without a hole", () => {
    const reader = new JoiningReader();
    say(reader, 0, "thinking", { chunk_type: "reasoning" });
    say(reader, 1, "one ");
    say(reader, 2, "{}", { chunk_type: "tool_call" });
    say(reader, 3, "two", end);
    expect([reader.text, reader.ids]).toEqual(["one two", [0, 1]]);
    expect(reader.ends).toMatchObject([{ metadata: { finish_reason: "stop" } }]);
  });

  it("has a beginning once after a reset, wherever the new one is cut", () => {
    for (const pieces of [["one two three"], ["o", "ne tw", "o three"], ["one ", "two ", "three"]]) {
      const reader = new JoiningReader();
      say(reader, 0, "one ");
      say(reader, 1, "two ");
      say(reader, 2, "", { chunk_type: "reset", attempt: 2 });
      for (const [index, piece] of pieces.entries()) say(reader, 3 + index, piece, { attempt: 2 });
      say(reader, 9, "", end);
      expect(reader.text).toBe("one two three");
      expect(reader.ids).toEqual(reader.ids.map((_id, index) => index));
    }
  });

  it("has all of it from a snapshot, and only what it lacks from a later one", () => {
    const reader = new JoiningReader();
    snapshot(reader, 4, "one two ", "streaming");
    say(reader, 5, "three ");
    snapshot(reader, 8, "one two three four", "complete");
    expect(reader.text).toBe("one two three four");
    expect(reader.ids).toEqual([0, 1, 2]);
    expect(reader.names).not.toContain("snapshot");
    expect(reader.ends).toHaveLength(1);
  });

  it("goes on after it lost its connection, with chunks, with a snapshot and with a generation begun anew", () => {
    const withChunks = new JoiningReader();
    say(withChunks, 0, "one ");
    withChunks.reconnect();
    say(withChunks, 1, "two");
    withChunks.reconnect();
    snapshot(withChunks, 5, "one two three", "streaming");
    withChunks.reconnect();
    say(withChunks, 0, "one two ", { generation: 1 });
    say(withChunks, 1, "three four", { generation: 1, ...end });
    expect(withChunks.text).toBe("one two three four");
    expect(withChunks.ids).toEqual([0, 1, 2, 3]);
  });

  it("does not move on while the new text is not known to be the same", () => {
    const reader = new JoiningReader();
    say(reader, 0, "one two ");
    const before = reader.id;
    say(reader, 1, "", { chunk_type: "reset", attempt: 2 });
    say(reader, 2, "one ", { attempt: 2 });
    reader.sink.send({ event: "ready", data: { recovered: true } }, "1~msg_1:0.2");
    expect(reader.id).toBe(before);
    reader.reconnect();
    snapshot(reader, 3, "one two three", "complete");
    expect(reader.text).toBe("one two three");
  });

  it("sees where another text begins, and has that alone when it starts over at id 0", () => {
    for (const startsOver of [false, true]) {
      const reader = new JoiningReader(startsOver);
      say(reader, 0, "one two");
      say(reader, 1, "", { chunk_type: "reset", attempt: 2 });
      say(reader, 2, "uno ", { attempt: 2 });
      say(reader, 3, "dos tres", { attempt: 2, ...end });
      expect(reader.text).toBe(startsOver ? "uno dos tres" : "one two\n\nuno dos tres");
      expect(reader.ends).toMatchObject([{ metadata: { replaces: true, finish_reason: "stop" } }]);
    }
  });

  it("sees where a text ends that is shorter than what it has", () => {
    const reader = new JoiningReader(true);
    say(reader, 0, "one two three");
    snapshot(reader, 0, "one two", "failed");
    expect(reader.text).toBe("one two");
    expect(reader.ends).toMatchObject([{ metadata: { finish_reason: "error" } }]);
  });
});

describe("its cursor", () => {
  it("is refused where it is not one of ours", () => {
    for (const text of [
      "c~",
      "c~x",
      "c~msg_1:1.2.zz~1~msg_1:0.1",
      "c~msg_2:1.2.0123456789abcdef~1~msg_1:0.1",
      "c~~nothing",
    ]) {
      expect(parseEitherCursor(text)).toBeNull();
    }
    expect(parseEitherCursor("c~~1~")?.cursor.size).toBe(0);
  });
});
