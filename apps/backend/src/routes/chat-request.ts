import {
  type ChatContext,
  type ChatRequest,
  type GenerationContext,
  type HistoryMessage,
  historyMessageSchema,
  wireLimits,
} from "@uci/protocol";

/** What a request wishes of its answer. */
export type TurnWish = {
  readonly ai_provider: string | undefined;
  readonly model: string | undefined;
  readonly context: GenerationContext;
};

type TurnRequest = Pick<ChatRequest, "ai_provider" | "model" | "context">;

/** Provider and model stand in the request or, as widespread clients send them, in its context; the request's own count first. */
export function turnWish({ ai_provider, model, context }: TurnRequest): TurnWish {
  const { temperature, max_tokens, system_prompt } = context ?? {};
  return {
    ai_provider: ai_provider ?? named(context?.ai_provider),
    model: model ?? named(context?.model),
    context: {
      ...(temperature == null ? {} : { temperature }),
      ...(max_tokens == null ? {} : { max_tokens }),
      ...(system_prompt == null ? {} : { system_prompt }),
    },
  };
}

/**
 * What was said in a temporary chat: `history`, else what of `context.conversation_history` is a message of either side.
 * In any other chat the server knows it, and what a client believes of it is passed over.
 */
export function temporaryHistory({ temporary, history, context }: ChatRequest): HistoryMessage[] | null {
  if (temporary !== true) return null;
  return history ?? historyIn(context);
}

function historyIn(context: ChatContext | null | undefined): HistoryMessage[] {
  const given: unknown = context?.conversation_history;
  const messages = Array.isArray(given) ? given.slice(-wireLimits.historyMessages) : [];
  return messages.flatMap((message) => {
    const { success, data } = historyMessageSchema.safeParse(message);
    return success ? [data] : [];
  });
}

/** Typed languages write "" for nothing. */
function named(text: string | null | undefined): string | undefined {
  return text == null || text === "" ? undefined : text;
}
