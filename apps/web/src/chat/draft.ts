import { create } from "zustand";
import { keepOwn, personalKeys, recallOwn } from "../connection/person.ts";
import { isTemporary } from "../connection/temporary.ts";

/** What is being written, by session ("" for a chat that does not exist yet). */
const useDrafts = create<Readonly<Record<string, string>>>(() => ({}));

/** The draft of a session, as an earlier visit left it, and how to change it. */
export function useDraft(sessionId: string | null): readonly [string, (text: string) => void] {
  const draft = useDrafts((drafts) => drafts[sessionId ?? ""]);
  return [draft ?? recallOwn(personalKeys.draft(sessionId)) ?? "", (text) => setDraft(sessionId, text)];
}

export function setDraft(sessionId: string | null, text: string): void {
  // A temporary chat leaves nothing behind, not even in this browser.
  if (sessionId === null || !isTemporary(sessionId)) keepOwn(personalKeys.draft(sessionId), text === "" ? null : text);
  useDrafts.setState({ [sessionId ?? ""]: text });
}

/** Puts a text back into a draft, before what is there. */
export function putBack(sessionId: string | null, text: string): void {
  const there = useDrafts.getState()[sessionId ?? ""] ?? recallOwn(personalKeys.draft(sessionId)) ?? "";
  setDraft(sessionId, there.trim() === "" ? text : `${text}\n\n${there}`);
}
