import { scriptedAnswer } from "@uci/adapters/providers/testing";
import type { AnswerHistory, Flaw } from "../answer-history.ts";
import type { Conversation } from "../conversation.ts";
import type { Talk } from "./crowd.ts";
import type { StoredCase } from "./stored.ts";

export type FlawCounts = { lost: number; repeated: number; contradicted: number; hanging: number };

/** What became of the answers of a case. */
export type Verdict = {
  readonly counts: FlawCounts;
  /** The first few, in words. */
  readonly examples: readonly string[];
};

const examplesMost = 8;

type Count = (kind: keyof FlawCounts, what: string) => void;

/** Compares what every reader saw with the provider's text, the others and the database. */
export function judge(talks: readonly Talk[], stored: StoredCase): Verdict {
  const counts: FlawCounts = { lost: 0, repeated: 0, contradicted: 0, hanging: 0 };
  const examples: string[] = [];
  const count: Count = (kind, what) => {
    counts[kind]++;
    if (examples.length < examplesMost) examples.push(`${kind}: ${what}`);
  };
  for (const talk of talks) judgeTalk(talk, stored, count);
  return { counts, examples };
}

function judgeTalk(talk: Talk, stored: StoredCase, count: Count): void {
  const { messageId, prompt, conversation, otherTabs } = talk;
  const turns = stored.turns.get(conversation.sessionId) ?? 0;
  if (turns > 1) count("repeated", `${conversation.sessionId}: its one message is there ${turns} times`);
  const row = stored.answers.get(messageId);
  if (row === undefined) {
    count("lost", `${messageId} has no row`);
    return;
  }
  const whole = scriptedAnswer(prompt);
  if (row.status === "complete" && row.content !== whole) count("lost", `${messageId}: the row has not all of it`);
  else if (row.status === "stopped" && !(talk.isStopAsked && whole.startsWith(row.content))) {
    count("contradicted", `${messageId} is stopped, and nobody asked for that or in those words`);
  } else if (row.status !== "complete" && row.status !== "stopped") {
    count(row.status === "streaming" || row.status === "queued" ? "hanging" : "lost", `${messageId} is ${row.status}`);
  }
  for (const reader of [conversation, ...otherTabs]) {
    const history = reader.histories.get(messageId);
    if (history === undefined) count("hanging", `${messageId} was never shown to a reader`);
    else judgeReader(history, reader, row, talk.stoppedAtMs, count);
  }
}

function judgeReader(
  history: AnswerHistory,
  reader: Conversation,
  row: { status: string; content: string },
  stoppedAtMs: number | null,
  count: Count,
): void {
  const flaws = new Map<Flaw["kind"], string>();
  for (const { kind, what } of history.flaws) if (!flaws.has(kind)) flaws.set(kind, what);
  for (const [kind, what] of flaws) count(kind, what);
  const who = `${history.messageId} for a reader of ${reader.sessionId}`;
  if (history.ended === null) {
    count("hanging", `${who}: no end; ${history.text.length} of ${row.content.length} characters, row ${row.status}`);
    return;
  }
  if (history.text !== row.content) {
    count(row.content.startsWith(history.text) ? "lost" : "contradicted", `${who}: not the text of the row`);
  }
  // What was committed before the close may still be on its way when the caller hears "stopped"; nothing beyond the row.
  if (stoppedAtMs !== null && row.status !== "stopped") count("contradicted", `${who}: "stopped" was said of it`);
}
