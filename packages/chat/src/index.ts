export * from "./ports.ts";
export * from "./prompt.ts";
export * from "./takeover-policy.ts";
export * from "./title.ts";
export * from "./tree.ts";
export * from "./turn.ts";
