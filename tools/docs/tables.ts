import fs from "node:fs";
import path from "node:path";
import { type MetricDefinition, metricDefinitions } from "@uci/adapters/metrics";
import { natsPermissions } from "@uci/adapters/nats";
import { describeSettings } from "@uci/adapters/settings";
import { podSettings } from "@uci/backend/config";
import { errorRegistry, jetStreamNames, keys, keyTimes, subjects } from "@uci/protocol";
import { workerSettings } from "@uci/workflow/config";
import { root } from "../command.ts";

type Row = readonly string[];

/** A table in Markdown. Cells may hold no line break; bars in them are escaped. */
export function markdownTable(header: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

const code = (text: string) => `\`${text}\``;

type SubjectNote = { readonly way: string; readonly kind: string; readonly meaning: string };

/** What each subject is for; a subject without a note does not compile. Those that only filter are left out. */
const subjectNotes: Readonly<Record<Exclude<keyof typeof subjects, `${string}All` | "journalPartition">, SubjectNote>> =
  {
    workflowExecute: {
      way: "pod, sweeper → workflow",
      kind: `JetStream ${jetStreamNames.workflowRequests}, work queue, consumer ${jetStreamNames.workflowConsumer}`,
      meaning: "a job: produce this answer",
    },
    journal: {
      way: "worker → journal",
      kind: "JetStream JOURNAL_{partition}",
      meaning: "all that one worker has committed; the truth about answers being written",
    },
    owner: {
      way: "worker → register",
      kind: `JetStream ${jetStreamNames.owners}`,
      meaning: "who writes which answer",
    },
    podResponse: {
      way: "workflow → one pod",
      kind: "core",
      meaning: "a chunk or a list of chunks, positions, or the news that an answer is stored",
    },
    podHealth: {
      way: "monitor → pod",
      kind: "core, request–reply",
      meaning:
        "how the pod is, `healthy` where `GET /health` says `ok`, and its memory and CPU; the question may be empty",
    },
    podHeartbeat: { way: "pod → monitor", kind: "core", meaning: "the same, unasked, every 10 s" },
    sessionBroadcast: {
      way: "workflow → all pods",
      kind: "core",
      meaning: "as above, where nobody knows the pods, and by plain workflows",
    },
    messageRead: {
      way: "pod → owner of the answer",
      kind: "core, request–reply",
      meaning: "committed chunks from a position on; puts the pod on the owner's list",
    },
    messageStop: {
      way: "pod, sweeper → owner of the answer",
      kind: "core, request–reply",
      meaning: "stop; answered when a close is committed",
    },
    workerAlive: {
      way: "worker, sweeper → worker",
      kind: "core, request–reply",
      meaning: "whether it lives and runs an answer",
    },
    workerHeartbeat: { way: "worker → workers", kind: "core, every 500 ms", meaning: "it lives" },
    userEvent: {
      way: "pod → pods holding that user",
      kind: "core",
      meaning: "new messages, titles, changes of the side bar",
    },
  };

function sample(name: keyof typeof subjectNotes): string {
  const names: Readonly<Record<string, string>> = {
    workflowExecute: "session_id",
    journal: "worker_id",
    owner: "message_id",
    podResponse: "pod_id",
    podHealth: "pod_id",
    podHeartbeat: "pod_id",
    sessionBroadcast: "session_id",
    messageRead: "message_id",
    messageStop: "message_id",
    workerAlive: "worker_id",
    workerHeartbeat: "worker_id",
    userEvent: "user_id",
  };
  const token = "TOKEN";
  const subject = name === "journal" ? subjects.journal(7, token) : subjects[name](token);
  return subject.replace(token, `{${names[name]}}`).replace(".7.", ".{partition}.");
}

function subjectTable(): string {
  const rows = Object.entries(subjectNotes).map(([name, { way, kind, meaning }]) => [
    code(sample(name as keyof typeof subjectNotes)),
    way,
    kind,
    meaning,
  ]);
  return markdownTable(["subject", "from → to", "kind", "carries"], rows);
}

function permissionTable(): string {
  const services = ["pod", "worker", "workflow", "monitor"] as const;
  const list = (subjectList: readonly string[]) => subjectList.map(code).join(" ");
  const rows = services.map((service) => {
    const { publish, subscribe } = natsPermissions(service);
    return [service, list(publish), list(subscribe)];
  });
  return markdownTable(["user", "may publish", "may subscribe"], rows);
}

function keyTable(): string {
  const { connectionsTtlSeconds, connectionsRenewalMs, heartbeatTtlSeconds, heartbeatRenewalMs } = keyTimes;
  const renewed = `${connectionsTtlSeconds} s, renewed every ${connectionsRenewalMs / 1000} s by the pod in batches`;
  const rows = [
    [code(keys.sessionConnections("{session_id}")), "SET of `{pod_id}:{connection_id}`", renewed],
    [code(keys.podConnections("{pod_id}")), "HASH connection → its sessions", renewed],
    [
      code(keys.heartbeat("{pod_id}")),
      "STRING",
      `${heartbeatTtlSeconds} s, renewed every ${heartbeatRenewalMs / 1000} s, one a pod`,
    ],
    [
      code(keys.sessionMeta("{session_id}")),
      "HASH of the session's owner and title",
      `${keyTimes.sessionMetaTtlSeconds} s, dropped when the session changes`,
    ],
  ];
  return markdownTable(["key", "is", "lives"], rows);
}

function metricTable(): string {
  const rows = Object.entries(metricDefinitions).map(([name, given]) => {
    const { kind, unit, services, meaning, labels }: MetricDefinition = given;
    const named = labels === undefined ? code(name) : `${code(name)} {${labels.join(", ")}}`;
    return [named, kind, unit, services.join(", "), meaning];
  });
  return markdownTable(["metric", "kind", "unit", "of", "meaning"], rows);
}

function errorTable(): string {
  const rows = Object.entries(errorRegistry).map(([name, { status, retryable, meaning }]) => [
    code(name),
    String(status),
    retryable ? "yes" : "no",
    meaning,
  ]);
  return markdownTable(["code", "status", "may succeed later", "meaning"], rows);
}

function settingTable(settings: Parameters<typeof describeSettings>[0]): string {
  const rows = describeSettings(settings).map(({ name, standard, meaning }) => [
    code(name),
    standard === "" ? "" : code(standard),
    meaning,
  ]);
  return markdownTable(["setting", "default", "meaning"], rows);
}

/** Named numbers of a limits file with the comment above each. */
function limitTable(file: string): string {
  const text = fs.readFileSync(path.join(root, file), "utf8");
  const rows = [...text.matchAll(/(?:\/\*\*([^/]*?)\*\/\s+)?^ {2}(\w+): ([\d_* ]+),$/gm)].map((match) => {
    const meaning = (match[1] ?? "").replace(/\s*\n\s*\*\s*/g, " ").trim();
    return [code(match[2]!), code(match[3]!), meaning];
  });
  return markdownTable(["name", "value", "meaning"], rows);
}

/** Every table that the documentation takes from the code, by its name there. */
export function generatedTables(): Readonly<Record<string, string>> {
  return {
    subjects: subjectTable(),
    permissions: permissionTable(),
    keys: keyTable(),
    metrics: metricTable(),
    errors: errorTable(),
    "pod settings": settingTable(podSettings),
    "worker settings": settingTable(workerSettings),
    "stream limits": limitTable("packages/stream/src/limits.ts"),
    "wire limits": limitTable("packages/protocol/src/limits.ts"),
  };
}
