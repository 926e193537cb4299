import type { FinishReason, WorkflowRequest } from "@uci/protocol";
import type { AnswerProgress } from "./answer-progress.ts";
import { statusOfFinish } from "./fold.ts";
import type { AnswerTiming, FinalAnswer } from "./ports.ts";
import { sha256Hex } from "./text.ts";

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
    ...(typeof metadata.prompt_tokens === "number" ? { prompt_tokens: metadata.prompt_tokens } : {}),
    error: fold.close?.error ?? null,
  };
}

/** The row of an answer that no worker has begun and none will begin: without text, with its reason. */
export function unstartedAnswer(
  { message_id, session_id, generation, context }: WorkflowRequest,
  finishReason: FinishReason,
  error: FinalAnswer["error"],
): FinalAnswer {
  return {
    ...{ message_id, session_id, generation, status: statusOfFinish(finishReason) },
    ...{ text: "", reasoning: "", tools: [], model: context.model ?? null, token_count: 0 },
    // As if a close had been the first and last chunk: readers that have seen nothing are thereby behind, and are told.
    ...{ finish_reason: finishReason, last_chunk_id: 0, length: 0, sha256: sha256Hex(""), attempts: 0, error },
  };
}

function timingOf({ thought_ms, written_ms }: Readonly<Record<string, unknown>>): AnswerTiming {
  return {
    ...(typeof thought_ms === "number" ? { thought_ms } : {}),
    ...(typeof written_ms === "number" ? { written_ms } : {}),
  };
}
