export { MemoryAttachments } from "./attachments.ts";
export { MemorySessionMetaCache } from "./session-meta.ts";
