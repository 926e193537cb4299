export { CachedSessionStore, cachedConversations } from "./cached-conversations.ts";
export * from "./ports.ts";
export * from "./prompt.ts";
export * from "./session-meta-times.ts";
export * from "./takeover-policy.ts";
export * from "./title.ts";
export * from "./tree.ts";
export * from "./turn.ts";
