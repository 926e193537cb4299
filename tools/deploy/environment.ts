import { describeSettings } from "@uci/adapters/settings";
import { podSettings } from "@uci/backend/config";
import { workerSettings } from "@uci/workflow/config";

/** Everybody has to make these up. */
export const containerSecrets = [
  "AUTH_SECRET",
  "POSTGRES_PASSWORD",
  "REDIS_PASSWORD",
  "NATS_POD_PASSWORD",
  "NATS_WORKER_PASSWORD",
  "NATS_WORKFLOW_PASSWORD",
  "NATS_MONITOR_PASSWORD",
  "NATS_ROUTE_PASSWORD",
] as const;

/** Settings of pods and workers that `compose.yaml` or the image gives, or takes from a secret; all others `.env` may give. */
export const fixedSettings: ReadonlySet<string> = new Set([
  ...["HOST", "PORT", "POD_NAME", "WORKER_NAME"],
  ...["NATS_USER", "NATS_PASSWORD", "DATABASE_PASSWORD"],
]);

/** What is said of things that are none of the programs' settings. */
const ofContainers: readonly (readonly [name: string, standard: string, meaning: string])[] = [
  ["GATEWAY_PORT", "8080", "The port of the page on this machine; 127.0.0.1:8080 keeps others out."],
  [
    "REAL_IP_FROM",
    "",
    "What ends TLS before the gateway: addresses and networks, comma-separated, whose X-Forwarded-For is believed.",
  ],
  ["POD_STOP_GRACE", "30s", "How long containers of pods may take to stop: more than DRAIN_SECONDS."],
  ["WORKER_STOP_GRACE", "90s", "The same of workers: more than GRACE_SECONDS."],
  ["GRAFANA_PASSWORD", "", "Grafana's first administrator, when it is started with --profile monitoring."],
];

/** The file `.env.example` beside `compose.yaml`. */
export function containerEnvironment(): string {
  const settings = describeSettings({ ...podSettings, ...workerSettings }).filter(
    ({ name }) => !fixedSettings.has(name) && !(containerSecrets as readonly string[]).includes(name),
  );
  const others = ofContainers.map(([name, standard, meaning]) => ({ name, standard, meaning }));
  return [
    "# Secrets of the deployment and settings of what runs in it. Copy to .env beside compose.yaml.",
    "",
    "# Every secret is yours: `openssl rand -hex 24` makes a good one.",
    ...containerSecrets.map((name) => `${name}=`),
    "",
    "# Take the # off what you set. A $ in a value is written as $$. Files are looked for in the containers, where the folder config",
    "# beside this file is /etc/universal-chat.",
    "",
    ...[...others, ...settings].map(({ name, standard, meaning }) => `# ${meaning}\n#${name}=${standard}\n`),
  ].join("\n");
}
