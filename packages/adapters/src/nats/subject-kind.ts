import { subjects } from "@uci/protocol";

/** Kinds of our subjects that have an id in the middle, as `pod.response`. */
const kinds: ReadonlySet<string> = new Set(
  Object.values(subjects)
    .filter((make) => typeof make === "function" && make.length === 1)
    .map((make) => inner((make as (id: string) => string)("id")))
    .filter((kind) => kind !== null),
);

function inner(subject: string): string | null {
  const [root, first, , last, ...more] = subject.split(".");
  return root === "chat" && last !== undefined && more.length === 0 ? `${first}.${last}` : null;
}

/** Kinds of those that have it at the end. */
const prefixes: readonly (readonly [prefix: string, kind: string])[] = [
  [subjects.workflowExecuteAll.slice(0, -1), "workflow.execute"],
  [subjects.ownerAll.slice(0, -1), "owner"],
  [subjects.journalPartition(0).replace("0.*", ""), "journal"],
  ["_INBOX", "reply"],
  ["$JS.ACK.", "acknowledgement"],
  ["$JS.API.", "jetstream"],
];

/** What a subject is for, without the ids in it: a small set, whatever somebody sends. */
export function subjectKind(subject: string): string {
  for (const [prefix, kind] of prefixes) if (subject.startsWith(prefix)) return kind;
  const kind = inner(subject);
  return kind !== null && kinds.has(kind) ? kind : "other";
}
