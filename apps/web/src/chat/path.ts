import type { Message } from "@uci/protocol";
import type { Thread } from "../connection/state.ts";

/** One message of the branch that is shown, among its alternatives in order of creation. */
export type PathStep = {
  readonly message: Message;
  readonly siblings: readonly Message[];
  readonly index: number;
};

/**
 * The branch to show: from the oldest loaded message downwards, at each fork the chosen child, else the one with the
 * newest message under it. A message whose parent is not loaded counts as a beginning.
 */
export function activePath({ messages, selected }: Thread): PathStep[] {
  const ordered = Object.values(messages).sort(byCreation);
  const children = new Map<string, Message[]>();
  for (const message of ordered) {
    const key = message.parent_message_id ?? "";
    const siblings = children.get(key);
    if (siblings === undefined) children.set(key, [message]);
    else siblings.push(message);
  }
  const newest = newestBelow(ordered);
  const rank = (message: Message) => newest.get(message.message_id) ?? 0;
  const path: PathStep[] = [];
  const seen = new Set<string>();
  let key = beginning(ordered, messages, rank);
  for (let siblings = children.get(key); siblings !== undefined && !seen.has(key); siblings = children.get(key)) {
    seen.add(key);
    const chosen = siblings.findIndex(({ message_id }) => message_id === selected[key]);
    const index =
      chosen === -1 ? siblings.indexOf(siblings.reduce((best, one) => (rank(one) > rank(best) ? one : best))) : chosen;
    const message = siblings[index]!;
    path.push({ message, siblings, index });
    key = message.message_id;
  }
  return path;
}

/** Position, in order of creation, of the newest message in each message's subtree. Children come after parents. */
function newestBelow(ordered: readonly Message[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (let position = ordered.length - 1; position >= 0; position--) {
    const { message_id, parent_message_id } = ordered[position]!;
    const rank = Math.max(newest.get(message_id) ?? 0, position);
    newest.set(message_id, rank);
    if (parent_message_id !== null) newest.set(parent_message_id, Math.max(newest.get(parent_message_id) ?? 0, rank));
  }
  return newest;
}

/** The parent under which the shown branch begins: that of the loaded beginning with the newest message below it. */
function beginning(
  ordered: readonly Message[],
  messages: Thread["messages"],
  rank: (message: Message) => number,
): string {
  let best: Message | null = null;
  for (const message of ordered) {
    if (message.parent_message_id !== null && messages[message.parent_message_id] !== undefined) continue;
    if (best === null || rank(message) > rank(best)) best = message;
  }
  return best?.parent_message_id ?? "";
}

function byCreation(one: Message, other: Message): number {
  if (one.created_at !== other.created_at) return one.created_at < other.created_at ? -1 : 1;
  return one.message_id < other.message_id ? -1 : one.message_id > other.message_id ? 1 : 0;
}
