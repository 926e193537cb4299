export { journalConformance } from "./journal.ts";
export { liveChannelConformance } from "./live-channel.ts";
export { ownerRegisterConformance } from "./owner-register.ts";
export { sessionRegistryConformance } from "./session-registry.ts";
export { type WorkQueueUnderTest, workQueueConformance } from "./work-queue.ts";
