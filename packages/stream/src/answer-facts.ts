import type { WorkflowRequest } from "@uci/protocol";

/** Whose answer it is and who was asked for it: what every line about an answer carries; never a text. */
export type AnswerFacts = {
  readonly user_id: string;
  readonly session_id: string;
  readonly message_id: string;
  readonly correlation_id: string;
  /** Null: the request named none, and none was chosen for it. */
  readonly provider: string | null;
  readonly model: string | null;
};

/** `chosen`: what the request means here; null where that is not configured, or not known. */
export function answerFacts(
  { user_id, session_id, message_id, correlation_id, context }: WorkflowRequest,
  chosen: { readonly provider: string; readonly model: string } | null,
): AnswerFacts {
  return {
    ...{ user_id, session_id, message_id, correlation_id },
    provider: chosen?.provider ?? context.ai_provider ?? null,
    model: chosen?.model ?? context.model ?? null,
  };
}
