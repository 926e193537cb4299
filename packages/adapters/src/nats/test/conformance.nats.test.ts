import type { ServiceProcess } from "@uci/services";
import { beforeAll } from "vitest";
import { startServer } from "./broker.ts";
import { conformance } from "./suites.ts";

let server: ServiceProcess;
beforeAll(async () => {
  server = await startServer();
});

conformance("NATS", () => [server], {});
