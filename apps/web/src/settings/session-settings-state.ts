import { create } from "zustand";

/** The session whose settings are open. */
export const useSessionSettings = create<{ sessionId: string | null }>(() => ({ sessionId: null }));

export function openSessionSettings(sessionId: string | null): void {
  useSessionSettings.setState({ sessionId });
}
