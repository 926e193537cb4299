export { type AttachmentsUnderTest, attachmentConformance } from "./attachments.ts";
export { sessionMetaConformance } from "./session-meta.ts";
export { type StoreUnderTest, storeConformance } from "./store.ts";
