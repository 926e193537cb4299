import type { AnswerState, Continuation, ModelAbilities } from "@uci/stream";

/** How answers of dead workers go on. `interrupt`: they are closed with what they have, and the reader may continue them. */
export type TakeoverMode = "continue" | "interrupt";

/**
 * How the next attempt goes on from what is committed; the first that applies:
 * nothing was written → begin · the provider can pick up its own response → resume · it truly goes on from a prefix →
 * continue · otherwise say so with a reset and begin again, or close as interrupted where that is wanted.
 */
export function continuationAfter(state: AnswerState, abilities: ModelAbilities, mode: TakeoverMode): Continuation {
  const untouched = state.text === "" && state.reasoning === "" && state.tools.length === 0;
  if (untouched) return { kind: "begin" };
  if (mode === "interrupt") return { kind: "interrupt" };
  if (abilities.resume && state.response_id !== null) return { kind: "resume", responseId: state.response_id };
  // Tool calls and reasoning cannot be handed back as a prefix, so a prefix is continued only where text is all there is.
  if (abilities.continuePrefix && state.tools.length === 0 && state.text !== "") return { kind: "continue" };
  return { kind: "reset" };
}
