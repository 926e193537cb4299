import path from "node:path";
import type { ServiceEvent } from "@uci/services";
import type { Cluster } from "./cluster.ts";

/** What a person reads when everything runs. */
export function readyText(cluster: Cluster, trusted: boolean): string {
  const port = (name: string) => `${name} ${cluster.process(name).command.port}`;
  const servers = cluster.names.filter((name) => !/^(?:gateway|pod-|worker-)/.test(name));
  const lines = [
    "",
    "  Universal Chat Interface runs as a cluster.",
    "",
    `  Page       ${cluster.gatewayUrl}`,
    `  Pods       ${cluster.pods.map(({ name, url }) => `${name} ${url}`).join("\n             ")}`,
    `  Workers    ${cluster.workers.map(({ name }) => port(name)).join(", ")}`,
    `  Servers    ${servers.map(port).join(", ")}`,
    `  Data       ${cluster.folder}`,
    `  State      ${path.join(cluster.folder, "state.json")}, with the place of every log`,
  ];
  if (cluster.authorityFile !== null) {
    lines.push(`  TLS        everywhere; clients verify against ${cluster.authorityFile}`);
  }
  if (trusted) {
    lines.push("", "  AUTH_MODE=trusted: every caller is believed to be whom it says it is.");
  }
  lines.push(
    "",
    "  npm run cluster -- restart NAME   (or stop, start) acts on one of them, from another terminal.",
    "  Ctrl-C stops them all; nothing is lost.",
    "",
  );
  return lines.join("\n");
}

/** One line about a process that ended without having been asked to; null for everything else. */
export function endedText(name: string, event: ServiceEvent): string | null {
  if (event.kind === "started" || event.asked) return null;
  const how = event.signal === null ? `code ${event.code ?? "unknown"}` : event.signal;
  return `  ${name} has ended (${how}); npm run cluster -- start ${name} brings it back.`;
}

/** What `--help` prints. */
export const helpText = [
  "Universal Chat Interface as real processes on this machine: NATS, Redis, PostgreSQL, nginx, pods and workers.",
  "",
  "  npm run cluster -- [options]               starts everything; Ctrl-C stops it",
  "  npm run cluster -- restart|stop|start NAME  acts on one process of a running cluster",
  "",
  "  --nats 1|3      NATS servers; three keep three copies of every stream [1]",
  "  --pods N        pods, from port 8081 on [3]",
  "  --workers N     workers [2]",
  "  --port PORT     where the gateway is, page and API [8080]",
  "  --tls           TLS at the gateway and to NATS, Redis and PostgreSQL, with certificates made here",
  "  --data FOLDER   the folder that holds everything [.cluster]",
  "  --help          this text",
  "",
  "Names: gateway, pod-1 …, worker-1 …, nats-1 …, redis, postgres; FOLDER/state.json lists them with their",
  "process ids, ports and logs. Settings of pods and workers come from the environment or the file .env.",
  "",
].join("\n");
