import {
  journalConformance,
  liveChannelConformance,
  ownerRegisterConformance,
  sessionRegistryConformance,
  workQueueConformance,
} from "../conformance/index.ts";
import {
  MemoryJournal,
  MemoryLiveChannel,
  MemoryOwnerRegister,
  MemorySessionRegistry,
  MemoryWorkQueue,
} from "../src/memory/index.ts";
import { VirtualClock } from "./virtual-clock.ts";

journalConformance("memory", async () => new MemoryJournal(new VirtualClock()));
ownerRegisterConformance("memory", async () => new MemoryOwnerRegister(new VirtualClock()));
workQueueConformance("memory", async () => {
  const clock = new VirtualClock();
  return { queue: new MemoryWorkQueue(clock), pass: (durationMs) => clock.run(durationMs) };
});
liveChannelConformance("memory", async () => {
  const clock = new VirtualClock();
  return { live: new MemoryLiveChannel(clock), pass: (durationMs) => clock.run(durationMs) };
});
sessionRegistryConformance("memory", async () => {
  const clock = new VirtualClock();
  return { registry: new MemorySessionRegistry(clock), pass: (durationMs) => clock.run(durationMs) };
});
