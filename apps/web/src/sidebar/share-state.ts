import { create } from "zustand";

/** The session whose share dialog is open. */
export const useShareDialog = create<{ sessionId: string | null }>(() => ({ sessionId: null }));

export function openShare(sessionId: string | null): void {
  useShareDialog.setState({ sessionId });
}
