import { sharedServerSettings } from "@uci/adapters/server-settings";
import {
  commaList,
  networkList,
  readSettings,
  SettingError,
  type SettingsOf,
  serverSettings,
  webHost,
} from "@uci/adapters/settings";
import { z } from "zod";

/** Settings of a backend pod, as they stand in the environment. Described once: `--help`, `.env.example` and the docs come from here. */
export const backendSettings = {
  AUTH_MODE: z
    .enum(["accounts", "trusted"])
    .default("accounts")
    .describe(
      "accounts: people sign up, sign in or start as a guest. trusted: your own gateway has authenticated the caller and user_id is believed.",
    ),
  TRUSTED_PUBLIC: flag().describe("1 lets the trusted mode listen on an address other machines can reach."),
  ALLOW_SIGN_UP: flag(true).describe("false closes the door to new accounts and guests."),
  ALLOW_GUESTS: z
    .enum(["0", "1", "false", "true"])
    .optional()
    .transform((text) => (text === undefined ? undefined : text === "1" || text === "true"))
    .describe(
      "Whether people may begin without an account. Not given: only while no model but the built-in one is there.",
    ),
  SIGN_UPS_PER_HOUR: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(60)
    .describe("New accounts one address may make in an hour, and five times as many guests, at one pod."),
  AUTH_SECRET: z
    .string()
    .min(32, "must have 32 characters or more")
    .optional()
    .describe("Signs the cookies; 32 characters or more. The embedded default makes one in its data folder."),
  PUBLIC_URL: webHost()
    .optional()
    .describe("Where people reach the page, such as https://chat.example.org. Cookies are Secure when it is https."),
  ALLOWED_HOSTS: hostList()
    .default([])
    .describe(
      "Further host names this server answers to, comma-separated; that of PUBLIC_URL, localhost and addresses are answered anyway.",
    ),
  CORS_ORIGINS: originList()
    .default([])
    .describe(
      "Sites whose pages may call the API with the reader's cookie, comma-separated, such as http://localhost:3000.",
    ),
  TRUSTED_HEADER_ONLY: flag().describe(
    "1 makes the trusted mode take the user from the header X-User-Id alone, never from a query or body.",
  ),
  TRUSTED_SECRET: z
    .string()
    .min(32, "must have 32 characters or more")
    .optional()
    .describe(
      "Shared with your gateway in trusted mode: it signs the header X-User-Id (docs/security.md), and nothing unsigned is believed.",
    ),
  MAX_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(10)
    .max(1_000_000)
    .default(50_000)
    .describe("Open connections one pod takes; more are closed at once."),
  TRUST_FORWARDED_FROM: networkList()
    .optional()
    .describe(
      "Addresses or networks (10.0.0.0/8, uniquelocal) of your gateway, comma-separated, whose X-Forwarded-For is believed. Empty: nobody's.",
    ),
  SSE_CONNECTIONS_PER_USER: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("Open streams one user may have on one pod."),
  STREAM_HOURS: z.coerce
    .number()
    .min(0.001)
    .max(720)
    .default(12)
    .describe("A stream older than this is closed; the reader opens another and goes on where it was."),
} as const;

/** Settings of a pod that runs as a process of its own. */
export const podSettings = {
  POD_NAME: z
    .string()
    .optional()
    .describe("First part of the pod's id; the host's name where it is not given. A nonce follows."),
  ...serverSettings,
  ...sharedServerSettings,
  ...backendSettings,
  DRAIN_SECONDS: z.coerce
    .number()
    .min(0)
    .max(600)
    .default(5)
    .describe("Time over which a pod that is told to stop says good-bye to its streams."),
} as const;

export type PodSettings = SettingsOf<typeof podSettings>;

/** The settings of this process. Throws `SettingError`. */
export function readPodSettings(environment: Readonly<Record<string, string | undefined>> = process.env): PodSettings {
  return readSettings(podSettings, environment);
}

function flag(standard = false) {
  return z
    .enum(["0", "1", "false", "true"])
    .default(standard ? "true" : "false")
    .transform((text) => text === "1" || text === "true");
}

function hostList() {
  return z
    .string()
    .transform(commaList)
    .refine((names) => names.every((name) => /^[a-z0-9._-]+$/i.test(name)), "must be host names without port or path");
}

function originList() {
  return z
    .string()
    .transform(commaList)
    .refine(
      (origins) =>
        origins.every((origin) => /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin),
      "must be origins such as https://chat.example.org, without a path or a slash at the end",
    );
}

/** Whom a pod answers, and how it is protected where it meets the network. */
export type EdgeConfig = {
  /** Host names answered besides those of the public address, loopback and addresses. */
  readonly allowedHosts: readonly string[];
  /** Other sites whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  /** Trusted mode: the user is named by the header alone. */
  readonly headerOnly: boolean;
  /** Trusted mode: what the gateway signs the header with; undefined: it is believed as it stands. */
  readonly gatewaySecret: string | undefined;
  /** Open connections of one pod. */
  readonly maxConnections: number;
};

type EdgeSettings = Pick<
  SettingsOf<typeof backendSettings>,
  "ALLOWED_HOSTS" | "CORS_ORIGINS" | "TRUSTED_HEADER_ONLY" | "TRUSTED_SECRET" | "MAX_CONNECTIONS"
>;

export function edgeOf(settings: EdgeSettings): EdgeConfig {
  return {
    allowedHosts: settings.ALLOWED_HOSTS,
    corsOrigins: settings.CORS_ORIGINS,
    headerOnly: settings.TRUSTED_HEADER_ONLY,
    gatewaySecret: settings.TRUSTED_SECRET,
    maxConnections: settings.MAX_CONNECTIONS,
  };
}

export type BackendConfig = {
  readonly podId: string;
  readonly host: string;
  readonly port: number;
  readonly authMode: "accounts" | "trusted";
  readonly allowSignUp: boolean;
  /** Undefined: only while no model but the built-in one can be called, since guests cost whoever pays for the models. */
  readonly allowGuests: boolean | undefined;
  /** New accounts one address may make in an hour. */
  readonly signUpsPerHour: number;
  readonly authSecret: string;
  readonly publicUrl: string | undefined;
  readonly trustForwardedFrom: readonly string[];
  readonly edge: EdgeConfig;
  /** A request that has not arrived whole by then is refused, in milliseconds. */
  readonly requestTimeoutMs: number;
  readonly streamsPerUser: number;
  /** A stream older than this is closed, in milliseconds. */
  readonly streamAgeMs: number;
  /** Answers of one person that may run, and wait on top of them. */
  readonly runningAnswers: number;
  readonly waitingAnswers: number;
  /** Folder of the built page; null: API alone. */
  readonly pageFolder: string | null;
  /** Whether anybody who reaches the pod may read `/metrics`, or this machine's own processes alone. */
  readonly metricsOpen: boolean;
  /** How long open streams are given to move elsewhere when the pod goes away, in milliseconds. */
  readonly drainMs: number;
};

export const hourMs = 60 * 60_000;

/** What a slow sender may take for one request. */
export const defaultRequestTimeoutMs = 60_000;

const localAddresses = new Set(["127.0.0.1", "::1", "localhost"]);

/**
 * What whoever runs it is told at the start, where passwords and cookies of other machines may come unencrypted; null:
 * nothing. In trusted mode neither passes through here.
 */
export function openPasswordsWarning(settings: {
  readonly AUTH_MODE: string;
  readonly HOST: string;
  readonly PUBLIC_URL?: string | undefined;
}): string | null {
  const isEncrypted = settings.PUBLIC_URL?.startsWith("https:") === true;
  if (settings.AUTH_MODE === "trusted" || localAddresses.has(settings.HOST) || isEncrypted) return null;
  return `${settings.HOST} can be reached from other machines and PUBLIC_URL is not https: passwords and sign-ins can be read on the way; put TLS in front and set PUBLIC_URL to its address`;
}

/** Whoever reaches a pod in trusted mode can be anybody, so it stays on this machine unless told otherwise. Throws `SettingError`. */
export function refuseOpenTrust(settings: {
  readonly AUTH_MODE: string;
  readonly TRUSTED_PUBLIC: boolean;
  readonly HOST: string;
}): void {
  if (settings.AUTH_MODE !== "trusted" || settings.TRUSTED_PUBLIC || localAddresses.has(settings.HOST)) return;
  throw new SettingError(
    `AUTH_MODE=trusted believes every caller, so it does not listen on ${settings.HOST}; set TRUSTED_PUBLIC=1 if only your own gateway can reach that address.`,
  );
}
