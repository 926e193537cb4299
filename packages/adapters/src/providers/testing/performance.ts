import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import { scriptedReasoning, tokensOf } from "./scripted-answer.ts";
import type { WireWriter } from "./wires.ts";

/** One step of an answer: bytes to send, or what happens to the connection. `tokens`: how many of the text it carries. */
export type Step =
  | { readonly do: "send"; readonly event: string; readonly tokens: number }
  | { readonly do: "cut" | "end" | "hang" };

export type Script = {
  readonly writer: WireWriter;
  readonly prompt: string;
  /** What is left to say. */
  readonly text: string;
  readonly fault: Fault | null;
  readonly tokensPerSecond: () => number;
  /** The caller's `max_tokens` or its like. */
  readonly mostTokens: number | undefined;
};

/** Pings while nothing else is sent. */
const pingIntervalMs = 5;

/** The steps of one answer at its pace, with its fault. Ends early when the signal is aborted. */
export async function* perform(script: Script, signal: AbortSignal): AsyncGenerator<Step> {
  const { writer, fault, prompt } = script;
  const send = (event: string, tokens = 0): Step => ({ do: "send", event, tokens });
  for (const event of writer.opening()) yield send(event);
  const reasoning = scriptedReasoning(prompt);
  if (reasoning !== null) for (const event of writer.reasoning(tokensOf(reasoning))) yield send(event);
  if (fault?.kind === "huge_event") yield send(writer.token("x".repeat(fault.bytes)));
  const all = tokensOf(script.text);
  const tokens = all.slice(0, script.mostTokens);
  const startedMs = performance.now();
  for (const [index, token] of tokens.entries()) {
    const step = faultAt(script, index);
    if (step !== null) {
      yield* afterFault(script, step, signal);
      return;
    }
    yield send(writer.token(token), 1);
    const pace = fault?.kind === "slow" ? fault.tokensPerSecond : script.tokensPerSecond();
    if (pace > 0) {
      const waitMs = startedMs + ((index + 1) * 1000) / pace - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    }
  }
  const late = faultAt(script, tokens.length);
  if (late !== null) {
    yield* afterFault(script, late, signal);
    return;
  }
  const reason = fault?.kind === "finish" ? fault.reason : tokens.length < all.length ? "length" : "stop";
  for (const event of writer.finish(reason, tokens.length)) yield send(event);
  if (fault?.kind === "no_end_marker") {
    yield { do: "end" };
    return;
  }
  for (const event of writer.endMarker()) yield send(event);
  yield { do: fault?.kind === "open_end" ? "hang" : "end" };
}

/** The fault, when it comes before this token. */
function faultAt({ fault }: Script, token: number): Fault | null {
  if (fault === null || !("after" in fault) || fault.after === undefined) return null;
  return fault.after === token ? fault : null;
}

async function* afterFault(script: Script, fault: Fault, signal: AbortSignal): AsyncGenerator<Step> {
  const { writer } = script;
  switch (fault.kind) {
    case "cut":
      yield { do: "cut" };
      return;
    case "no_end_marker":
      yield { do: "end" };
      return;
    case "garbage":
      yield { do: "send", event: 'data: {"cho\u0000ices": [}}} \uFFFD\uFFFE not JSON at all\n\n', tokens: 0 };
      yield { do: "end" };
      return;
    case "error_event":
      yield { do: "send", event: writer.error(fault.type, fault.message ?? "Something failed."), tokens: 0 };
      yield { do: "end" };
      return;
    case "silence":
      while (fault.pings === true) {
        yield { do: "send", event: writer.ping(), tokens: 0 };
        await sleep(pingIntervalMs, undefined, { signal });
      }
      yield { do: "hang" };
      return;
    default:
      return;
  }
}
