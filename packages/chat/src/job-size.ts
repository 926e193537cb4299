import { type WorkflowRequest, wireLimits } from "@uci/protocol";
import { utf8Bytes } from "@uci/stream";

/**
 * The job as the queue can take it: of its history the oldest messages are left out until its JSON has `mostBytes` at
 * most. Null: the message leaves less room for the history than is always due to it. What a text takes as JSON may be
 * several times its length, so nothing but the JSON itself says whether it fits.
 */
export function jobThatFits(job: WorkflowRequest, mostBytes: number): WorkflowRequest | null {
  const bytes = jsonBytes(job);
  if (bytes <= mostBytes) return job;
  const history = job.context.conversation_history;
  // Each with the comma after it.
  const sizes = history.map((message) => jsonBytes(message) + 1);
  const historyBytes = sizes.reduce((sum, size) => sum + size, 0);
  const room = mostBytes - (bytes - historyBytes);
  if (room < Math.min(wireLimits.conversationHistoryBytes, Math.floor(mostBytes / 2))) return null;
  let first = 0;
  let left = historyBytes;
  while (first < history.length && (left > room || history[first]!.role !== "user")) left -= sizes[first++]!;
  return { ...job, context: { ...job.context, conversation_history: history.slice(first) } };
}

function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}
