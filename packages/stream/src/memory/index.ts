export { MemoryJournal } from "./journal.ts";
export { MemoryLiveChannel } from "./live-channel.ts";
export { MemoryOwnerRegister } from "./owner-register.ts";
export { MemorySessionRegistry } from "./session-registry.ts";
export { MemoryWorkQueue } from "./work-queue.ts";
