export { MemorySessionMetaCache } from "./session-meta.ts";
