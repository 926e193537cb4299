import { Metrics } from "@uci/adapters/metrics";
import type { LanguageModel, ModelPart, ModelRequest } from "@uci/stream";
import { describe, expect, it } from "vitest";
import { timedModel, type WorkerLog, workerObserver } from "./observing.ts";

const request = { provider: "p", model: "m", messages: [], correlationId: "corr_1" } as unknown as ModelRequest;
const text = (value: string): ModelPart => ({ type: "text", text: value });

/** A model that answers with these parts and notes whether it was told to stop. */
function modelOf(parts: readonly ModelPart[]) {
  const ended: string[] = [];
  const model: LanguageModel = {
    abilities: () => ({ resume: false, continuePrefix: false }),
    resolve: () => ({ provider: "p", model: "m" }),
    async *generate() {
      try {
        yield* parts;
      } finally {
        ended.push("ended");
      }
    },
  };
  return { model, ended };
}

const partsOf = (model: LanguageModel, metrics: Metrics, nowMs: () => number) =>
  timedModel(model, metrics, nowMs).generate(request, new AbortController().signal);

async function countOfFirstParts(metrics: Metrics): Promise<string | undefined> {
  return /uci_provider_first_part_seconds_count\{provider="p"\} (\d+)/.exec(await metrics.text())?.[1];
}

describe("a timed model", () => {
  it("hands every part on and times the first alone", async () => {
    const metrics = new Metrics("worker");
    let nowMs = 1_000;
    const { model } = modelOf([text("a"), text("b"), text("c")]);
    const clock = () => {
      nowMs += 2_000;
      return nowMs;
    };
    const seen: ModelPart[] = [];
    for await (const part of partsOf(model, metrics, clock)) seen.push(part);
    expect(seen).toEqual([text("a"), text("b"), text("c")]);
    expect(await countOfFirstParts(metrics)).toBe("1");
    expect(await metrics.text()).toContain('uci_provider_first_part_seconds_sum{provider="p"} 2');
  });

  it("times nothing where nothing came", async () => {
    const metrics = new Metrics("worker");
    for await (const _ of partsOf(modelOf([]).model, metrics, Date.now));
    expect(await countOfFirstParts(metrics)).toBeUndefined();
  });

  it("ends the model's own stream when its reader goes away", async () => {
    const { model, ended } = modelOf([text("a"), text("b")]);
    for await (const _ of partsOf(model, new Metrics("worker"), Date.now)) {
      break;
    }
    expect(ended).toEqual(["ended"]);
  });

  it("lets the model's failure through", async () => {
    const model: LanguageModel = {
      ...modelOf([]).model,
      // biome-ignore lint/correctness/useYield: it fails before it has anything to say
      async *generate() {
        throw new Error("away");
      },
    };
    const reading = (async () => {
      for await (const _ of partsOf(model, new Metrics("worker"), Date.now));
    })();
    await expect(reading).rejects.toThrow("away");
  });
});

describe("what a worker says of an answer", () => {
  it("that could not be stored as it was: a warning with whose it is and why", () => {
    const warnings: { fields: object; message: string }[] = [];
    const nothing = () => undefined;
    const warn = (fields: object, message: string) => warnings.push({ fields, message });
    const log = { warn, debug: nothing, info: nothing, error: nothing } as unknown as WorkerLog;
    const facts = { user_id: "u", session_id: "s", message_id: "m", correlation_id: "c", provider: "p", model: "x" };
    const reason = "the database refuses this row (23514)";
    workerObserver(new Metrics("worker"), log)({ kind: "unstorable", ...facts, attempt: 2, reason });
    const fields = { ...facts, attempt: 2, reason, error_code: "answer_unstorable" };
    expect(warnings).toEqual([{ fields, message: "worker: answer failed" }]);
  });
});
