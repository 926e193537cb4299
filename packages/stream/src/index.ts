export * from "./cursor.ts";
export * from "./fold.ts";
export * from "./ports.ts";
export * from "./text.ts";
