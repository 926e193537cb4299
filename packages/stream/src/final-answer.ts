import type { FinishReason } from "@uci/protocol";
import type { AnswerProgress } from "./answer-progress.ts";
import { statusOfFinish } from "./fold.ts";
import type { AnswerTiming, FinalAnswer } from "./ports.ts";

/** What a closed answer's row will hold. */
export function finalAnswerOf(progress: AnswerProgress, attempts: number): FinalAnswer {
  const { fold } = progress;
  const metadata = fold.close?.metadata ?? {};
  const finishReason = metadata.finish_reason as FinishReason;
  return {
    message_id: progress.messageId,
    session_id: progress.sessionId,
    generation: fold.generation,
    status: statusOfFinish(finishReason),
    text: fold.text,
    reasoning: fold.reasoning,
    tools: fold.tools,
    model: progress.model,
    token_count: metadata.tokens_used as number,
    finish_reason: finishReason,
    last_chunk_id: fold.nextChunkId - 1,
    length: metadata.length as number,
    sha256: metadata.sha256 as string,
    attempts,
    ...(fold.joins.length === 0 ? {} : { joins: fold.joins }),
    ...timingOf(metadata),
    error: fold.close?.error ?? null,
  };
}

function timingOf({ thought_ms, written_ms }: Readonly<Record<string, unknown>>): AnswerTiming {
  return {
    ...(typeof thought_ms === "number" ? { thought_ms } : {}),
    ...(typeof written_ms === "number" ? { written_ms } : {}),
  };
}
