import { environmentExample } from "@uci/all-in-one";
import { renderNginxConfiguration } from "@uci/gateway";
import { containerEnvironment } from "../deploy/environment.ts";
import { dashboardJson } from "../monitoring/dashboard.ts";
import { natsConfiguration } from "../nats/configuration.ts";

const made = "# Made by `npm run docs`; changes to this copy are overwritten.";

/** Configurations and examples of settings, by their file: of the same code that runs a cluster without containers. */
export function deployFiles(): Readonly<Record<string, string>> {
  return {
    "deploy/nats.conf": `${made}\n${natsConfiguration()}`,
    "deploy/nginx.conf": nginxConfiguration(),
    "deploy/grafana/dashboard.json": dashboardJson(),
    ".env.example": environmentExample(),
    "deploy/.env.example": containerEnvironment(),
  };
}

function nginxConfiguration(): string {
  return renderNginxConfiguration({
    folder: "/tmp",
    listen: { host: "0.0.0.0", port: 8080 },
    pods: [1, 2, 3].map((number) => ({ host: `pod-${number}`, port: 8080 })),
    tls: null,
    account: "nginx",
    accessLog: "/dev/stdout",
    errorLog: "stderr",
    nginxVersion: "1.28.0",
    // The name server of containers.
    resolver: "127.0.0.11",
    // Written by gateway-start.sh from REAL_IP_FROM.
    realIpFiles: "/tmp/real-ip.conf",
  });
}
