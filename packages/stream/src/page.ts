import type { Chunk, ReadReply } from "@uci/protocol";
import { streamLimits } from "./limits.ts";

/** Around each chunk in a page: its other fields. */
const chunkOverheadBytes = 400;

/**
 * The chunks after `from`, at most a page of them. What an earlier attempt wrote is there only as a whole, so a reader
 * behind it gets a snapshot; so does one far behind when that is less than the chunks.
 */
export function answerPage(
  generation: number,
  attempt: number,
  inherited: { upto: number; text: string; reasoning: string },
  chunks: readonly Chunk[],
  from: number,
): Omit<ReadReply, "stored"> {
  const snapshot = from < inherited.upto ? inherited : null;
  const start = Math.max(from, inherited.upto) - inherited.upto;
  const page: Chunk[] = [];
  let bytes = snapshot === null ? 0 : snapshot.text.length + snapshot.reasoning.length;
  let index = start;
  for (; index < chunks.length && (page.length === 0 || bytes < streamLimits.readPageBytes); index++) {
    const chunk = chunks[index]!;
    bytes += chunk.chunk.length + chunkOverheadBytes;
    page.push(chunk);
  }
  return {
    generation,
    attempt,
    ...(snapshot === null ? {} : { snapshot }),
    chunks: page,
    more: index < chunks.length,
  };
}
