import type { Message } from "@uci/protocol";
import type { ToolPart } from "@uci/stream";
import type { LiveAnswer } from "../connection/state.ts";

/** What of an answer is shown, whether it is being written or was stored long ago. */
export type AnswerContent = {
  readonly text: string;
  readonly reasoning: string;
  readonly tools: readonly ToolPart[];
  /** Where in the text other workers went on. */
  readonly joins: readonly number[];
  /** How long it was thought about and written; null where nobody measured. */
  readonly thoughtMs: number | null;
  readonly writtenMs: number | null;
  /** When it began to arrive here, while it does. */
  readonly startedMs: number | null;
};

/** The content of an answer: the live one while it is written, else what is stored. Stored metadata is not trusted. */
export function contentOf({ content, metadata }: Message, live: LiveAnswer | undefined): AnswerContent {
  if (live !== undefined) {
    const { text, reasoning, tools, joins, thoughtMs, startedMs } = live;
    return { text, reasoning, tools, joins, thoughtMs, startedMs, writtenMs: null };
  }
  return {
    text: content,
    reasoning: typeof metadata.reasoning === "string" ? metadata.reasoning : "",
    tools: Array.isArray(metadata.tools) ? metadata.tools.filter(isToolPart) : [],
    joins: Array.isArray(metadata.joins) ? metadata.joins.filter((place) => typeof place === "number") : noJoins,
    thoughtMs: numberOr(metadata.thought_ms),
    writtenMs: numberOr(metadata.written_ms),
    startedMs: null,
  };
}

const noJoins: readonly number[] = [];

function numberOr(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function isToolPart(value: unknown): value is ToolPart {
  if (typeof value !== "object" || value === null) return false;
  const { chunk_type, chunk } = value as Record<string, unknown>;
  return (chunk_type === "tool_call" || chunk_type === "tool_result") && typeof chunk === "string";
}

/** One use of a tool: what it was asked and what it gave; `output` null while it has given nothing. */
export type ToolUse = {
  readonly id: string;
  readonly name: string;
  readonly input: string;
  readonly output: string | null;
};

/** Calls with the results that belong to them, in the order of the calls. A result without a call stands alone. */
export function toolUses(parts: readonly ToolPart[]): ToolUse[] {
  const uses = new Map<string, ToolUse>();
  for (const [index, { chunk_type, chunk }] of parts.entries()) {
    const part = parsed(chunk);
    const id = typeof part.id === "string" ? part.id : `${index}`;
    const name = typeof part.name === "string" && part.name !== "" ? part.name : null;
    const before = uses.get(id);
    const input = chunk_type === "tool_call" ? readable(part.input) : (before?.input ?? "");
    const output = chunk_type === "tool_result" ? readable(part.output) : (before?.output ?? null);
    uses.set(id, { id, name: name ?? before?.name ?? "", input, output });
  }
  return [...uses.values()];
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return { output: text };
  }
}

/** JSON is laid out over lines; anything else stays as it is. */
function readable(value: unknown): string {
  if (value === undefined) return "";
  try {
    return JSON.stringify(typeof value === "string" ? JSON.parse(value) : value, null, 2);
  } catch {
    return String(value);
  }
}
