import { sharedServerSettings } from "@uci/adapters/server-settings";
import { readableFile, readSettings, type SettingsOf, serverSettings, webAddress } from "@uci/adapters/settings";
import { z } from "zod";

/** Settings of the workflow service, as they stand in the environment. Described once, as the pod's are. */
export const workflowSettings = {
  OPENAI_API_KEY: apiKey().optional().describe("Adds OpenAI (Responses API)."),
  OPENAI_BASE_URL: webAddress().optional().describe("Another address for OpenAI, such as a proxy of yours."),
  OPENAI_MODELS: z.string().optional().describe("Models to offer, comma-separated; the first is the default."),
  ANTHROPIC_API_KEY: apiKey().optional().describe("Adds Anthropic."),
  ANTHROPIC_BASE_URL: webAddress().optional().describe("Another address for Anthropic."),
  ANTHROPIC_MODELS: z.string().optional().describe("Models to offer, comma-separated; the first is the default."),
  OPENAI_COMPATIBLE_BASE_URL: webAddress()
    .optional()
    .describe(
      "Adds any endpoint that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp, OpenRouter … Ends in /v1 with most.",
    ),
  OPENAI_COMPATIBLE_API_KEY: apiKey().optional().describe("Its key, where it wants one."),
  OPENAI_COMPATIBLE_MODELS: z
    .string()
    .optional()
    .describe("Its models, comma-separated. Empty: it is asked for them at start."),
  HTTPS_PROXY: webAddress().optional().describe("A proxy for calls to providers by https, such as http://proxy:3128."),
  HTTP_PROXY: webAddress().optional().describe("The same for calls by http."),
  NO_PROXY: z
    .string()
    .optional()
    .describe(
      "Hosts that are called without a proxy, comma-separated, .example.org for all of a domain; this machine always is.",
    ),
  PROVIDERS_FILE: readableFile().optional().describe("A JSON file with more providers; docs/providers.md shows one."),
  PROVIDER_IDLE_TIMEOUT_SECONDS: z.coerce
    .number()
    .min(1)
    .max(290)
    .default(120)
    .describe("A provider silent for this long has failed."),
  PROVIDER_FIRST_TOKEN_TIMEOUT_SECONDS: z.coerce
    .number()
    .min(1)
    .max(290)
    .default(120)
    .describe("The same before its first word."),
  OFFLINE_WORDS_PER_SECOND: z.coerce
    .number()
    .min(0)
    .max(100_000)
    .default(30)
    .describe("Pace of the built-in offline model; 0: as fast as it can."),
  TAKEOVER: z
    .enum(["continue", "interrupt"])
    .default("continue")
    .describe("How answers of a dead worker go on: continued, or closed as interrupted with Continue offered."),
  TITLES: z
    .enum(["model", "message"])
    .default("model")
    .describe(
      "Who gives a new chat its title: the model, by one short call after the first answer, or its first line.",
    ),
  WORKER_SLOTS: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(400)
    .describe(
      "Answers one worker runs at once. 0: none; such a worker only keeps house where a third party's workflow answers.",
    ),
} as const;

/** Settings of a worker that runs as a process of its own. `PORT` serves its health and metrics. */
export const workerSettings = {
  WORKER_NAME: z
    .string()
    .optional()
    .describe("First part of the worker's ids; the host's name where it is not given. A nonce follows."),
  ...serverSettings,
  ...sharedServerSettings,
  ...workflowSettings,
  GRACE_SECONDS: z.coerce
    .number()
    .min(0)
    .max(600)
    .default(60)
    .describe(
      "How long running answers may finish when the worker is told to stop; then others go on with them, or begin them anew where the model cannot go on, which is paid twice. It ends as soon as nothing runs.",
    ),
  JOURNAL_TRIM_DELAY_SECONDS: z.coerce
    .number()
    .min(0)
    .max(86_400)
    .default(600)
    .describe(
      "How long the journal is kept after an answer was stored, in case the database loses its last seconds. 0 with a synchronous standby.",
    ),
} as const;

export type WorkerSettings = SettingsOf<typeof workerSettings>;

/** The settings of this process, and the environment in which a providers file finds its keys. Throws `SettingError`. */
export function readWorkerSettings(environment: Readonly<Record<string, string | undefined>> = process.env): {
  settings: WorkerSettings;
  environment: Readonly<Record<string, string | undefined>>;
} {
  return { settings: readSettings(workerSettings, withProxyNames(environment)), environment };
}

/**
 * Takes settings that are empty out of the environment, where they count as not given. Before the providers' libraries are
 * loaded: they look there by themselves, and an empty ANTHROPIC_BASE_URL ended the process as one of them was imported.
 */
export function forgetEmptySettings(environment: Record<string, string | undefined> = process.env): void {
  for (const name of Object.keys(workerSettings)) if (environment[name]?.trim() === "") delete environment[name];
}

/** Travels in a header. */
function apiKey() {
  return z.string().regex(/^[\x21-\x7e]+$/, "must be letters, digits and plain punctuation without blanks");
}

/** The settings of proxies are as often written in small letters. */
export function withProxyNames(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const names = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];
  const given = names.map((name) => [name, environment[name] ?? environment[name.toLowerCase()]]);
  return { ...environment, ...Object.fromEntries(given) };
}

export type WorkflowConfig = {
  /** First part of the worker's ids: `[A-Za-z0-9_-]`, at most 40 characters. */
  readonly name: string;
  readonly slots: number;
  readonly takeover: "continue" | "interrupt";
  /** How long a journal is kept after an answer's row was committed, in milliseconds. */
  readonly trimDelayMs: number;
  /** How long running answers may finish when the worker is told to stop, in milliseconds. */
  readonly graceMs: number;
};
