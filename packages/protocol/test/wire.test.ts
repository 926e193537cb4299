import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  chatRequestSchema,
  chunkSchema,
  correlationIdOfTrace,
  errorCodes,
  errorRegistry,
  isErrorCode,
  journalPartitionOf,
  keys,
  protocolVersion,
  RegisteredError,
  reducedHostName,
  streamEventSchemas,
  subjectMatches,
  subjects,
  traceparentOf,
  wireDescription,
  wireLimits,
} from "../src/index.ts";

/** Hash of the wire of each version. A change of the wire adds a version; an old line never changes. */
const hashes: Readonly<Record<number, string>> = {
  1: "116e17c61616a78ec71c9474eb1c2017d89ca582f072534a782105b984ad016d",
  2: "50718089e4f957c03b3974d14720faf5687dc34302465625da826e552daffa91",
  3: "ba427cff47308ca9cb7f916b260dadf524cdbf2da294d70e47bfdcdd5efae048",
  4: "74cf8ac9cb5bc1e4739cfed2ceb41d2007ab014e03cf015b58876ea0f2ffa884",
  5: "8836b3bad0f4710bd6e95685708c3bb054f45d07806bbf9afffe1e8c8c8352ba",
  6: "8c7eb75eaebb601446a1a3e7f1ef013caa7c10b06483074dc7b749972072f412",
  7: "9534ceb1f0e6be802c43838e61b43cc31f5dda0260841865ceb7f14f68cdf86e",
  8: "b1b0f7b16fdb3676e9ee645f4b87702ddcda3e5b5826eb65c216a5242fd9cbfd",
  9: "70fc81331f359e60ac4a74e5feebec2359aa3b743e207edd86f09579bf9d5ff4",
  10: "f9ca9cf4a44edddfaf0f3fb702b8012067b8d483e6f1b9ff5ff2a4796763fa8b",
  11: "5246450d2d1089d666f3dd49c8ee9f441265cc4ecc750d5124dda595f1fb1f11",
};

describe("version", () => {
  it("is raised with every change of the wire", () => {
    const hash = createHash("sha256").update(wireDescription()).digest("hex");
    expect(hashes[protocolVersion], `the wire has changed: raise protocolVersion and add ${hash}`).toBe(hash);
  });
});

describe("trace context", () => {
  const correlationId = "corr_01890a5d-ac96-774b-bcce-b302099a8057";
  it("is derived from the correlation id, and back", () => {
    const traceparent = traceparentOf(correlationId, "msg_01890a5d-ac96-774b-9999-b302099a8057");
    expect(traceparent).toBe("00-01890a5dac96774bbcceb302099a8057-9999b302099a8057-01");
    expect(correlationIdOfTrace(traceparent!)).toBe(correlationId);
  });
  it("is nothing where there is none", () => {
    expect(traceparentOf("somebody's own", "msg_1")).toBeNull();
    for (const wrong of ["", "00-xyz-1-01", `00-${"0".repeat(32)}-${"1".repeat(16)}-01`]) {
      expect(correlationIdOfTrace(wrong)).toBeNull();
    }
  });
});

describe("subjects", () => {
  it("are those of the table", () => {
    expect(subjects.workflowExecute("s1")).toBe("chat.workflow.execute.s1");
    expect(subjects.journal(3, "w1")).toBe("chat.journal.3.w1");
    expect(subjects.owner("m1")).toBe("chat.owner.m1");
    expect(subjects.podResponse("p1")).toBe("chat.pod.p1.response");
    expect(subjects.sessionBroadcast("s1")).toBe("chat.session.s1.broadcast");
    expect(subjects.messageRead("m1")).toBe("chat.message.m1.read");
    expect(subjects.messageStop("m1")).toBe("chat.message.m1.stop");
    expect(subjects.podHealth("p1")).toBe("chat.pod.p1.health");
    expect(subjects.workerAlive("w1")).toBe("chat.worker.w1.alive");
    expect(subjects.workerHeartbeat("w1")).toBe("chat.worker.w1.heartbeat");
    expect(subjects.userEvent("u1")).toBe("chat.user.u1.event");
  });

  it("refuse a token that would change their meaning", () => {
    for (const bad of ["", "a.b", "*", ">", "a b", "x".repeat(65), "ü"]) {
      expect(() => subjects.owner(bad), bad).toThrow(RangeError);
    }
  });

  it("fall under filters by whole tokens", () => {
    expect(subjectMatches(subjects.sessionBroadcastAll, subjects.sessionBroadcast("s1"))).toBe(true);
    expect(subjectMatches(subjects.sessionBroadcastAll, "chat.session.s1.x.broadcast")).toBe(false);
    expect(subjectMatches(subjects.ownerAll, "chat.owner")).toBe(false);
  });

  it("spread workers over the partitions, each always to the same", () => {
    const counts = new Map<number, number>();
    for (let index = 0; index < 1_000; index++) {
      const partition = journalPartitionOf(`worker-${index}`, 4);
      counts.set(partition, (counts.get(partition) ?? 0) + 1);
      expect(journalPartitionOf(`worker-${index}`, 4)).toBe(partition);
    }
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3]);
    expect(Math.min(...counts.values())).toBeGreaterThan(150);
  });
});

describe("keys and ids", () => {
  it("are those of the table", () => {
    expect(keys.sessionConnections("s1")).toBe("session:connections:s1");
    expect(keys.podConnections("p1")).toBe("pod:connections:p1");
    expect(keys.heartbeat("p1")).toBe("heartbeat:p1");
    expect(keys.sessionMeta("s1")).toBe("session:meta:s1");
  });

  it("reduce any host name to what an id may hold", () => {
    expect(reducedHostName("web-1.example.org")).toBe("web-1-example-org");
    expect(reducedHostName("…")).toBe("-");
    expect(reducedHostName("")).toBe("host");
    expect(reducedHostName("x".repeat(100))).toHaveLength(40);
  });
});

describe("error registry", () => {
  it("gives every code a status of its kind and a sentence", () => {
    for (const code of errorCodes) {
      const { status, meaning } = errorRegistry[code];
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(status, code).toBeLessThan(600);
      expect(meaning, code).toMatch(/^[A-Z].*\.$/);
    }
    expect(isErrorCode("not_found")).toBe(true);
    expect(isErrorCode("toString")).toBe(false);
  });

  it("makes errors that carry their place in it", () => {
    const error = new RegisteredError("rate_limited", undefined, 2_000);
    expect(error).toMatchObject({ status: 429, retryable: true, retryAfterMs: 2_000 });
    expect(error.message).toBe(errorRegistry.rate_limited.meaning);
  });
});

describe("schemas", () => {
  const chunk = { session_id: "s", message_id: "m", chunk_id: 0, chunk: "x", timestamp: "t", correlation_id: "c" };

  it("take a third party's plain chunk and fill in what it need not know", () => {
    expect(chunkSchema.parse(chunk)).toMatchObject({ generation: 0, chunk_type: "content", is_final: false });
    expect(chunkSchema.safeParse({ ...chunk, chunk_id: -1 }).success).toBe(false);
    expect(chunkSchema.safeParse({ ...chunk, chunk_type: "noise" }).success).toBe(false);
  });

  it("hold a message to its limits in bytes", () => {
    const message = (text: string) => chatRequestSchema.safeParse({ message: text }).success;
    expect(message("hello")).toBe(true);
    expect(message("   ")).toBe(false);
    expect(message("x".repeat(wireLimits.messageBytes))).toBe(true);
    expect(message("ü".repeat(wireLimits.messageBytes / 2 + 1))).toBe(false);
    expect(chatRequestSchema.safeParse({ message: "x", extra: 1 }).success).toBe(false);
    expect(chatRequestSchema.safeParse({ message: "x", session_id: "a.b" }).success).toBe(false);
  });

  it("know every event by its name", () => {
    expect(Object.keys(streamEventSchemas).sort()).toEqual(
      [
        "bye",
        "chunk",
        "connected",
        "error",
        "folder_updated",
        "message_complete",
        "message_created",
        "message_persisted",
        "message_updated",
        "ready",
        "recovering",
        "session_updated",
        "snapshot",
      ].sort(),
    );
  });
});
