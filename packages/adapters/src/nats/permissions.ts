import { jetStreamNames, subjects } from "@uci/protocol";
import { type NatsService, natsServices, standardPartitions } from "./settings.ts";

/** What a user may do. `allowResponses`: answer, once, whoever asked it something. */
export type NatsPermissions = { publish: string[]; subscribe: string[]; allowResponses: boolean };

const { workflowRequests, workflowConsumer, owners, journal } = jetStreamNames;

/** The prefix of the inboxes that answers to this service come to; nobody else may listen there. */
export function inboxPrefixOf(service: NatsService): string {
  return `_INBOX_${service}`;
}

/** A subject of one thing, made a filter of all such things. */
function every(subjectOf: (id: string) => string): string {
  const placeholder = "EACH";
  return subjectOf(placeholder).replace(placeholder, "*");
}

const onStream = (stream: string, ...verbs: readonly string[]) =>
  verbs.map((verb) => `$JS.API.STREAM.${verb}.${stream}`);
const onConsumer = (...verbs: readonly string[]) =>
  verbs.map((verb) => `$JS.API.CONSUMER.${verb}.${workflowRequests}.${workflowConsumer}`);
/** The second form is that of servers which put domain and account before the stream. */
const acknowledgements = ["$JS.ACK", "$JS.ACK.*.*"].map(
  (prefix) => `${prefix}.${workflowRequests}.${workflowConsumer}.>`,
);

const read = every(subjects.messageRead);
const stop = every(subjects.messageStop);
const podHealth = every(subjects.podHealth);
const podHeartbeat = every(subjects.podHeartbeat);
const podResponse = every(subjects.podResponse);
const workerAlive = every(subjects.workerAlive);
const userEvent = every(subjects.userEvent);

const permissionsOf: Readonly<Record<NatsService, (partitions: number) => NatsPermissions>> = {
  pod: () => ({
    // On the broadcast they tell each other that a plain workflow's answer is stored.
    publish: [
      subjects.workflowExecuteAll,
      read,
      stop,
      userEvent,
      subjects.sessionBroadcastAll,
      podHeartbeat,
      ...onStream(workflowRequests, "INFO"),
    ],
    // Pods give each other what they have of a plain workflow's answer, and hear its stop.
    subscribe: [podResponse, podHealth, subjects.sessionBroadcastAll, userEvent, read, stop],
    allowResponses: true,
  }),
  worker: (partitions) => ({
    publish: [
      subjects.workflowExecuteAll,
      ...eachPartition(partitions, subjects.journalPartition),
      subjects.ownerAll,
      podResponse,
      subjects.sessionBroadcastAll,
      userEvent,
      stop,
      workerAlive,
      subjects.workerHeartbeatAll,
      ...[...eachPartition(partitions, journal), owners].flatMap((stream) =>
        onStream(stream, "CREATE", "UPDATE", "INFO", "MSG.GET", "PURGE", "LEADER.STEPDOWN"),
      ),
      // Deleted where it is beyond repair: what is in it comes from the database.
      ...onStream(workflowRequests, "CREATE", "UPDATE", "INFO", "MSG.GET", "LEADER.STEPDOWN", "DELETE"),
      ...onConsumer("DURABLE.CREATE", "INFO", "MSG.NEXT", "LEADER.STEPDOWN"),
      ...acknowledgements,
    ],
    subscribe: [read, stop, workerAlive, subjects.workerHeartbeatAll],
    allowResponses: true,
  }),
  workflow: () => ({
    publish: [podResponse, subjects.sessionBroadcastAll, ...onConsumer("INFO", "MSG.NEXT"), ...acknowledgements],
    subscribe: [read, stop],
    allowResponses: true,
  }),
  monitor: () => ({
    publish: [
      podHealth,
      workerAlive,
      "$JS.API.INFO",
      "$JS.API.STREAM.NAMES",
      "$JS.API.STREAM.LIST",
      ...onStream("*", "INFO"),
      "$JS.API.CONSUMER.NAMES.*",
      "$JS.API.CONSUMER.LIST.*",
      "$JS.API.CONSUMER.INFO.*.*",
    ],
    subscribe: [podHeartbeat],
    allowResponses: false,
  }),
};

function eachPartition(partitions: number, make: (partition: number) => string): string[] {
  return Array.from({ length: partitions }, (_, partition) => make(partition));
}

/** What a service may publish and subscribe to, and no more than it needs. */
export function natsPermissions(service: NatsService, partitions: number = standardPartitions): NatsPermissions {
  const { publish, subscribe, allowResponses } = permissionsOf[service](partitions);
  return { publish, subscribe: [...subscribe, `${inboxPrefixOf(service)}.>`], allowResponses };
}

/**
 * The `authorization` block of a nats-server's configuration: one user a service, called like it. Holds the passwords.
 * Throws `RangeError` for a password the server would not take as it stands.
 */
export function natsAuthorization(
  passwords: Readonly<Record<NatsService, string>>,
  partitions: number = standardPartitions,
): string {
  const users = natsServices.map((service) => userBlock(service, passwords[service], partitions));
  return ["authorization {", "  users: [", ...users, "  ]", "}"].join("\n");
}

function userBlock(service: NatsService, password: string, partitions: number): string {
  // A text that begins with $2 is taken for a bcrypt hash.
  if (!/^[\x21-\x7e]+$/.test(password) || /["\\]/.test(password) || password.startsWith("$")) {
    throw new RangeError(`the password of the NATS user ${service} must be letters, digits and plain punctuation`);
  }
  const { publish, subscribe, allowResponses } = natsPermissions(service, partitions);
  return [
    "    {",
    `      user: "${service}", password: "${password}"`,
    "      permissions: {",
    `        publish: { allow: [${quoted(publish)}] }`,
    `        subscribe: { allow: [${quoted(subscribe)}] }`,
    ...(allowResponses ? ["        allow_responses: true"] : []),
    "      }",
    "    }",
  ].join("\n");
}

function quoted(list: readonly string[]): string {
  return list.map((subject) => `"${subject}"`).join(", ");
}
