import { isIdentifier } from "./ids.ts";

function token(text: string): string {
  if (!isIdentifier(text)) throw new RangeError(`"${text.slice(0, 80)}" cannot stand in a subject`);
  return text;
}

/** Every subject of the system. Built here and nowhere else. */
export const subjects = {
  workflowExecute: (sessionId: string) => `chat.workflow.execute.${token(sessionId)}`,
  workflowExecuteAll: "chat.workflow.execute.*",
  journal: (partition: number, workerId: string) => `chat.journal.${partition}.${token(workerId)}`,
  journalPartition: (partition: number) => `chat.journal.${partition}.*`,
  owner: (messageId: string) => `chat.owner.${token(messageId)}`,
  ownerAll: "chat.owner.*",
  podResponse: (podId: string) => `chat.pod.${token(podId)}.response`,
  podHealth: (podId: string) => `chat.pod.${token(podId)}.health`,
  podHeartbeat: (podId: string) => `chat.pod.${token(podId)}.heartbeat`,
  sessionBroadcast: (sessionId: string) => `chat.session.${token(sessionId)}.broadcast`,
  sessionBroadcastAll: "chat.session.*.broadcast",
  messageRead: (messageId: string) => `chat.message.${token(messageId)}.read`,
  messageStop: (messageId: string) => `chat.message.${token(messageId)}.stop`,
  workerAlive: (workerId: string) => `chat.worker.${token(workerId)}.alive`,
  workerHeartbeat: (workerId: string) => `chat.worker.${token(workerId)}.heartbeat`,
  workerHeartbeatAll: "chat.worker.*.heartbeat",
  userEvent: (userId: string) => `chat.user.${token(userId)}.event`,
} as const;

export const jetStreamNames = {
  workflowRequests: "WORKFLOW_REQUESTS",
  workflowConsumer: "workflow-processor",
  owners: "OWNERS",
  journal: (partition: number) => `JOURNAL_${partition}`,
} as const;

/** The journal partition of a worker: FNV-1a of its id modulo the configured count (1 or more). */
export function journalPartitionOf(workerId: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < workerId.length; index++) {
    hash = Math.imul(hash ^ workerId.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % partitions;
}

/** Whether a subject falls under a filter, in which `*` stands for one token. */
export function subjectMatches(filter: string, subject: string): boolean {
  if (!filter.includes("*")) return filter === subject;
  const wanted = filter.split(".");
  const given = subject.split(".");
  return wanted.length === given.length && wanted.every((part, index) => part === "*" || part === given[index]);
}
