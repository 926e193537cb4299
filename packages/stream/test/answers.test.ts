import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const text = "one two three four five six seven eight nine ten";

describe("an answer from job to row", () => {
  it("W1 W8 is streamed to a reader, stored once and acknowledged", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    await world.worker("worker-a");
    const { reader } = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => reader.names().includes("message_persisted"));
    expect(reader.fold("msg_1").text).toBe(text);
    expect(reader.fold("msg_1").verified()).toBe(true);
    expect(reader.violations).toEqual([]);
    expect(world.database.rows.get("msg_1")).toMatchObject({ status: "complete", text, finish_reason: "stop" });
    expect(world.database.finalUpdates).toBe(1);
    expect(reader.names().filter((name) => name === "chunk")).toHaveLength(11);
    expect(reader.names().filter((name) => name === "message_complete")).toHaveLength(1);
  });

  it("P5 a reader that joins in the middle has the text so far and then the rest", async () => {
    const world = new World(text);
    const pod = await world.pod("pod-a");
    const other = await world.pod("pod-b");
    await world.worker("worker-a");
    const first = await world.read(pod);
    await world.ask("msg_1");
    await world.clock.until(() => first.reader.fold("msg_1").nextChunkId > 3);
    const joining = await world.read(other);
    await world.clock.until(() => joining.reader.names().includes("message_complete"));
    expect(joining.reader.fold("msg_1").text).toBe(text);
    expect(joining.reader.violations).toEqual([]);
  });
});
