import type { Session } from "@uci/protocol";

/** A session for tests, as a server tells of it. */
export function sampleSession(change: Partial<Session> = {}): Session {
  return {
    session_id: "s",
    title: "One",
    pinned: false,
    archived: false,
    folder_id: null,
    settings: { system_prompt: null, temperature: null, max_tokens: null, ai_provider: null, model: null },
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-02T00:00:00Z",
    ...change,
  };
}
