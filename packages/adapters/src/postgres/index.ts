export * from "./embedded/index.ts";
export * from "./store/index.ts";
