import { useMemo } from "react";
import type { UnsentMessage } from "../connection/state.ts";
import { useChat } from "../connection/store.ts";
import { activePath, type PathStep } from "./path.ts";

const noUnsent: readonly UnsentMessage[] = [];
const noPath: readonly PathStep[] = [];

/** The branch that is shown of a session, and what was written but not accepted yet. */
export function usePath(sessionId: string | null) {
  const thread = useChat((state) => (sessionId === null ? undefined : state.threads[sessionId]));
  const unsent = useChat((state) => (sessionId === null ? noUnsent : (state.unsent[sessionId] ?? noUnsent)));
  const path = useMemo(() => (thread === undefined ? noPath : activePath(thread)), [thread]);
  return { path: useMemo(() => upToBranch(path, unsent), [path, unsent]), unsent };
}

/** An unsent edit hangs where its message will: what came after that place is another branch. */
function upToBranch(path: readonly PathStep[], unsent: readonly UnsentMessage[]): readonly PathStep[] {
  const branching = unsent.find(({ parentMessageId }) => parentMessageId !== undefined);
  if (branching === undefined) return path;
  const parent = path.findIndex(({ message }) => message.message_id === branching.parentMessageId);
  return path.slice(0, parent + 1);
}

/** Id of the answer at the end of the branch while it is being written; null otherwise. */
export function useWriting(path: readonly PathStep[]): string | null {
  const last = path.at(-1)?.message.message_id;
  // Not what is written, which changes many times a second.
  const writing = useChat(({ live }) => last !== undefined && live[last] !== undefined);
  return last === undefined || !writing ? null : last;
}
