import { type ErrorCode, errorRegistry, type FinishReason, isFinalStatus, subjects } from "@uci/protocol";
import { statusOfFinish } from "./fold.ts";
import type { LiveAnswer } from "./live-answer.ts";
import type { PodEvent } from "./pod-events.ts";
import type { AnswerLedger, AnswerRow, FinalAnswer, LiveChannel } from "./ports.ts";
import { PermanentStoreError } from "./ports.ts";
import { sha256Hex, utf8Bytes } from "./text.ts";

/** How an answer without a journal ends. */
export type PlainEnding = { readonly finishReason: FinishReason; readonly error: FinalAnswer["error"] };

export const stoppedEnding: PlainEnding = { finishReason: "stopped", error: null };

/** `detail` is shown to people after the code's meaning, and holds no text of theirs. */
export function failedEnding(code: ErrorCode, detail?: string): PlainEnding {
  const { meaning } = errorRegistry[code];
  return { finishReason: "error", error: { code, message: detail === undefined ? meaning : `${meaning} (${detail})` } };
}

/** The row of a plain answer as a pod has heard it. */
export function heardAnswer({ fold, messageId, sessionId }: LiveAnswer, ending: PlainEnding): FinalAnswer {
  const { model, tokens_used } = fold.close?.metadata ?? {};
  return {
    ...endedAs(ending),
    message_id: messageId,
    session_id: sessionId,
    generation: fold.generation,
    text: fold.text,
    reasoning: fold.reasoning,
    tools: fold.tools,
    model: typeof model === "string" ? model : null,
    token_count: typeof tokens_used === "number" ? tokens_used : fold.nextChunkId,
    last_chunk_id: fold.nextChunkId - 1,
    length: fold.textBytes,
    sha256: sha256Hex(fold.text),
    attempts: 1,
  };
}

/** What is told of an answer that this pod has stored. */
export function plainStored({ ownerId, chunks, fold }: LiveAnswer, final: FinalAnswer): PodEvent {
  const { session_id, message_id, model, status, finish_reason } = final;
  const correlation_id = (fold.close ?? chunks.at(-1))?.correlation_id ?? "";
  return {
    ...{ kind: "plain_stored", user_id: ownerId, session_id, message_id, correlation_id, model, status },
    ...{ finish_reason, error_code: final.error?.code ?? null },
  };
}

export type PlainStore = { readonly ledger: AnswerLedger; readonly live: LiveChannel };

type UnheardAnswer = { readonly message_id: string; readonly session_id: string; readonly generation: number };

/**
 * Ends an answer that no pod has and no worker of ours has begun, with the text that was noted of it last. Returns its
 * row once it is final, whoever wrote it; null where it is gone or of another generation. Throws what the ledger throws.
 */
export async function endUnheard(
  ports: PlainStore,
  { message_id, session_id, generation }: UnheardAnswer,
  ending: PlainEnding,
  attempts = 1,
): Promise<AnswerRow | null> {
  const noted = await ports.ledger.vouchedPlain(message_id);
  const { text, reasoning, last_chunk_id } =
    noted?.generation === generation ? noted : { text: "", reasoning: "", last_chunk_id: -1 };
  const final: FinalAnswer = {
    ...endedAs(ending),
    ...{ message_id, session_id, generation, text, reasoning, last_chunk_id, attempts },
    tools: [],
    model: null,
    token_count: last_chunk_id + 1,
    length: utf8Bytes(text),
    sha256: sha256Hex(text),
  };
  return (await storePlain(ports, final)).row;
}

/** Writes the row once, and tells the pods. `isOurs`: it was written now; otherwise the row is what somebody else made it, null when it is gone. */
export async function storePlain(
  { ledger, live }: PlainStore,
  final: FinalAnswer,
): Promise<{ readonly row: AnswerRow | null; readonly isOurs: boolean }> {
  let outcome: Awaited<ReturnType<AnswerLedger["finalize"]>>;
  try {
    outcome = await ledger.finalize(final);
  } catch (error) {
    if (!(error instanceof PermanentStoreError)) throw error;
    const unstorable = failedEnding("answer_unstorable");
    outcome = await ledger.finalize({
      ...final,
      ...endedAs(unstorable),
      tools: [],
      finish_reason: final.finish_reason,
    });
  }
  if (outcome === "stored") {
    // Other pods may be about to show more of it.
    const { session_id, message_id, generation } = final;
    live.publish(subjects.sessionBroadcast(session_id), { persisted: { session_id, message_id, generation } });
  }
  const row = await ledger.load(final.message_id);
  return { row: row === null || !isFinalStatus(row.status) ? null : row, isOurs: outcome === "stored" };
}

function endedAs({ finishReason, error }: PlainEnding): Pick<FinalAnswer, "status" | "finish_reason" | "error"> {
  return { status: error === null ? statusOfFinish(finishReason) : "failed", finish_reason: finishReason, error };
}
