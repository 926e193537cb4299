import { z } from "zod";
import { addressProblem } from "../address.ts";
import { readableFile } from "../readable-file.ts";
import { BrokerSetupError } from "./errors.ts";
import { natsLimits } from "./limits.ts";

/** Who connects: each has a user of its own on the broker, with its own rights and inbox prefix. */
export const natsServices = ["pod", "worker", "workflow", "monitor"] as const;
export type NatsService = (typeof natsServices)[number];

export type NatsTls = {
  /** The authority the servers' certificates are checked against; the system's unless given. */
  readonly caFile?: string | undefined;
  /** Own certificate and key, for servers that ask for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
};

export type NatsSettings = {
  /** `host:port`, `nats://host:port` or `tls://host:port`; no other addresses are used, whatever the servers tell. */
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Encrypted and verified when given, or when an address begins with `tls://`. */
  readonly tls?: NatsTls | undefined;
  /** Name of the connection, for those who look at the server. */
  readonly name: string;
  readonly service: NatsService;
  /** Streams the journals are spread over. */
  readonly partitions: number;
  /** Copies of every stream. */
  readonly replicas: number;
  /** Most bytes of one journal stream. */
  readonly journalBytes: number;
  /** A job not heard of for this long is delivered again; 20 s unless given. */
  readonly ackWaitMs?: number | undefined;
  /** How long the first connection is tried for; 10 s unless given. */
  readonly reachWithinMs?: number | undefined;
  /** How long `provision` and `check` wait for JetStream and for streams; 20 s unless given. */
  readonly setUpWithinMs?: number | undefined;
};

/** Partitions of the journals unless told otherwise. */
export const standardPartitions = 1;

const file = () => readableFile().optional();

/** Where NATS is. */
export const natsSettingSchemas = {
  NATS_URL: z
    .string()
    .superRefine(checkAddresses)
    .optional()
    .describe("The addresses of the NATS servers, comma-separated; tls:// is encrypted."),
  NATS_USER: z.string().optional().describe("The user of this service on NATS."),
  NATS_PASSWORD: z.string().optional().describe("That user's password."),
  NATS_TLS_CA: file().describe(
    "File of the authority that NATS's certificates are checked against; connections are encrypted when it is given.",
  ),
  NATS_TLS_CERT: file().describe("File of this service's own certificate, where NATS asks for one."),
  NATS_TLS_KEY: file().describe("File of that certificate's key."),
  JOURNAL_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(natsLimits.mostPartitions)
    .default(standardPartitions)
    .describe("Streams the workers' journals are spread over; the same for all, changed only while nothing runs."),
  NATS_REPLICAS: z.coerce
    .number()
    .int()
    .min(1)
    .max(5)
    .default(1)
    .describe("Copies of every stream: 3 on a cluster of three servers or more."),
  JOURNAL_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(16 * 1024 * 1024)
    .default(1024 ** 3)
    .describe("Most bytes of one journal stream; chunks wait from three quarters of it on."),
} as const;

export type NatsSettingValues = {
  readonly [Name in keyof typeof natsSettingSchemas]: z.output<(typeof natsSettingSchemas)[Name]>;
};

/** Settings of a connection. User and password may stand in the address. Throws `BrokerSetupError` for what is missing. */
export function natsSettingsFrom(values: NatsSettingValues, service: NatsService, name: string): NatsSettings {
  if (values.NATS_URL === undefined) throw new BrokerSetupError("The setting NATS_URL is missing.");
  const { NATS_TLS_CA: caFile, NATS_TLS_CERT: certFile, NATS_TLS_KEY: keyFile } = values;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new BrokerSetupError("NATS_TLS_CERT and NATS_TLS_KEY are only of use together.");
  }
  const addresses = addressesIn(values.NATS_URL);
  const withUser = addresses.find(({ username }) => username !== "");
  const isEncrypted = caFile !== undefined || certFile !== undefined;
  return {
    servers: addresses.map(({ protocol, host }) => `${protocol}//${host}`),
    user: values.NATS_USER ?? (withUser === undefined ? undefined : decodeURIComponent(withUser.username)),
    password: values.NATS_PASSWORD ?? (withUser === undefined ? undefined : decodeURIComponent(withUser.password)),
    tls: isEncrypted ? { caFile, certFile, keyFile } : undefined,
    name,
    service,
    partitions: values.JOURNAL_PARTITIONS,
    replicas: values.NATS_REPLICAS,
    journalBytes: values.JOURNAL_MAX_BYTES,
  };
}

function addressesIn(list: string): URL[] {
  return partsOf(list).map((part) => new URL(part));
}

/** The scheme may be left out. */
function partsOf(list: string): string[] {
  const parts = list.split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "").map((part) => (part.includes("://") ? part : `nats://${part}`));
}

function checkAddresses(list: string, context: z.RefinementCtx): void {
  const parts = partsOf(list);
  for (const part of parts) {
    const url = URL.parse(part);
    const hasMore = url !== null && (!["", "/"].includes(url.pathname) || url.search !== "");
    const problem = addressProblem(part, ["nats", "tls"]) ?? (hasMore ? "must end after host and port" : null);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  }
  if (parts.length === 0) context.addIssue({ code: "custom", message: "names no server" });
}
