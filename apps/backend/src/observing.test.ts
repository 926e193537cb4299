import { Metrics } from "@uci/adapters/metrics";
import type { FastifyBaseLogger } from "fastify";
import { describe, expect, it, vi } from "vitest";
import { podObserver } from "./observing.ts";

function observed() {
  const warnings: { fields: object; message: string }[] = [];
  const nothing = () => undefined;
  const warn = (fields: object, message: string) => warnings.push({ fields, message });
  const log = { warn, debug: nothing, info: nothing, error: nothing } as unknown as FastifyBaseLogger;
  const metrics = new Metrics("pod");
  return { observe: podObserver(metrics, log), warnings, metrics };
}

describe("what a pod warns of", () => {
  it("is said once in a while where it comes with every chunk, with how often it was not", () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const { observe, warnings } = observed();
      for (let times = 0; times < 5; times++) observe({ kind: "out_of_order", message_id: "msg_1" });
      observe({ kind: "altered_repeat", message_id: "msg_1" });
      observe({ kind: "chunk_refused", message_id: "msg_1", reason: "chunk: expected string" });
      expect(warnings.map(({ message }) => message)).toEqual(["out_of_order", "altered_repeat", "chunk_refused"]);
      vi.setSystemTime(10_000);
      observe({ kind: "out_of_order", message_id: "msg_2" });
      expect(warnings.at(-1)).toEqual({
        fields: { kind: "out_of_order", message_id: "msg_2", unwritten: 4 },
        message: "out_of_order",
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it("is counted: answers given up by their code, evictions, chunks refused and altered", async () => {
    const { observe, warnings, metrics } = observed();
    observe({ kind: "plain_given_up", message_id: "msg_1", code: "chunk_missing", refusal: null });
    observe({ kind: "plain_evicted", message_id: "msg_2" });
    observe({ kind: "chunk_refused", message_id: null, reason: "message_id: Required" });
    observe({ kind: "altered_repeat", message_id: "msg_1" });
    const text = await metrics.text();
    expect(text).toMatch(/^uci_buffer_timeouts_total\{code="chunk_missing"\} 1$/m);
    for (const name of ["uci_buffer_evictions_total", "uci_chunks_refused_total", "uci_chunks_altered_total"]) {
      expect(text).toMatch(new RegExp(`^${name} 1$`, "m"));
    }
    expect(warnings.map(({ message }) => message)).toContain("plain_given_up");
  });

  it("is an answer of a plain workflow that failed, with whose it is and why", () => {
    const { observe, warnings } = observed();
    const about = {
      user_id: "user_1",
      session_id: "sess_1",
      message_id: "msg_1",
      correlation_id: "corr_1",
      model: "m",
    };
    const failed = { ...about, status: "failed", finish_reason: "error", error_code: "chunk_missing" } as const;
    observe({ kind: "plain_stored", ...about, status: "complete", finish_reason: "stop", error_code: null });
    observe({ kind: "plain_stored", ...failed });
    expect(warnings).toEqual([{ fields: failed, message: "answer failed" }]);
  });
});
