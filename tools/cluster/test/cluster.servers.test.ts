import { type MetricDefinition, type MetricName, metricDefinitions } from "@uci/adapters/metrics";
import { temporaryFolder } from "@uci/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alertRules } from "../../monitoring/rules.ts";
import type { Cluster } from "../cluster.ts";
import { startCluster } from "../start.ts";
import { readState } from "../state-file.ts";
import { ask, converse, type Turn } from "./conversation.ts";

const environment = { AUTH_MODE: "trusted", OFFLINE_WORDS_PER_SECOND: "0", LOG_LEVEL: "warn" };

function isWhole({ events, accepted, text }: Turn): void {
  const chunks = events.filter(({ event }) => event === "chunk").map(({ data }) => data);
  expect(events[0]?.event).toBe("connected");
  expect(chunks.map(({ chunk_id }) => chunk_id)).toEqual(chunks.map((_chunk, index) => index));
  expect(chunks.every(({ message_id }) => message_id === accepted.message_id)).toBe(true);
  expect(chunks.at(-1)?.is_final).toBe(true);
  expect(text.length).toBeGreaterThan(0);
}

/** Pods find a server that was away each at its own time. */
async function untilReady(cluster: Cluster): Promise<void> {
  for (const url of [...cluster.pods.map((pod) => pod.url), cluster.gatewayUrl]) {
    await expect.poll(async () => (await ask(cluster, `${url}/ready`)).status, { timeout: 30_000 }).toBe(200);
  }
}

describe("a cluster", () => {
  const folder = temporaryFolder("cluster");
  const pids: number[] = [];
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ folder, pods: 2, workers: 1, environment });
  }, 120_000);
  afterAll(async () => {
    pids.push(...cluster.names.map((name) => cluster.process(name).pid).filter((pid) => pid !== null));
    await cluster.stopAll();
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(readState(folder)?.processes.every(({ pid }) => pid === null)).toBe(true);
  }, 120_000);

  it("tells who runs where", () => {
    const names = ["gateway", "pod-1", "pod-2", "worker-1", "nats-1", "redis", "postgres"];
    const { processes } = readState(folder)!;
    expect(processes.map(({ name }) => name)).toEqual(names);
    for (const { name, pid, port, host } of processes) {
      const service = cluster.process(name);
      expect({ pid, port, host }).toEqual({ pid: service.pid, port: service.command.port, host: "127.0.0.1" });
    }
  });

  it("shows on one pod what was posted to another, and all of it through the gateway", async () => {
    const [one, two] = cluster.pods;
    isWhole(await converse(cluster, two!.url, one!.url, "Hello across pods"));
    isWhole(await converse(cluster, cluster.gatewayUrl, cluster.gatewayUrl, "Hello through the gateway"));
  });

  it("has every value that an alert looks at, of pods and workers that are well", async () => {
    await converse(cluster, cluster.pods[0]!.url, cluster.pods[1]!.url, "Something to measure");
    const texts = {
      pod: await (await fetch(`${cluster.pods[0]!.url}/metrics`)).text(),
      worker: await (await fetch(`${cluster.workers[0]!.url}/metrics`)).text(),
    };
    for (const [name] of alertRules().flatMap(({ expr }) => [...expr.matchAll(/uci_\w+/g)])) {
      const { kind, services }: MetricDefinition = metricDefinitions[name as MetricName];
      const shape = kind === "gauge" ? `^${name}(\\{.*\\})? \\d` : `^# TYPE ${name} `;
      for (const service of services) expect(texts[service], `${name} of a ${service}`).toMatch(new RegExp(shape, "m"));
    }
    for (const name of ["uci_ready", "uci_database_writable", "uci_broker_connected", "uci_registry_connected"]) {
      for (const text of Object.values(texts)) expect(text).toMatch(new RegExp(`^${name} 1$`, "m"));
    }
    expect(texts.worker).toMatch(/^uci_journal_fill_ratio\{partition="0"\} \S+$/m);
    expect(texts.worker).toMatch(/^uci_database_connections_most 20$/m);
    expect(texts.worker).toMatch(/^uci_broker_message_bytes_count\{direction="out",subject="journal"\} \d+$/m);
    expect(texts.pod).toMatch(/^uci_broker_message_bytes_count\{direction="in",subject="pod.response"\} \d+$/m);
    expect(texts.pod).toMatch(/^uci_broker_subscriptions [1-9]\d*$/m);
  });

  it("answers /health on the gateway and on each pod, and /metrics on pods alone", async () => {
    for (const url of [cluster.gatewayUrl, ...cluster.pods.map((pod) => pod.url)]) {
      expect(await ask(cluster, `${url}/health`)).toMatchObject({ status: 200, body: { status: "ok" } });
    }
    expect((await ask(cluster, `${cluster.gatewayUrl}/metrics`)).status).toBe(404);
    expect((await fetch(`${cluster.pods[0]!.url}/metrics`)).status).toBe(200);
  });

  it.each(["pod-1", "worker-1", "redis", "nats-1", "postgres", "gateway"])(
    "goes on after a restart of %s",
    async (name) => {
      const before = cluster.process(name).pid;
      await cluster.restart(name);
      expect(cluster.process(name).pid).not.toBe(before);
      await untilReady(cluster);
      isWhole(await converse(cluster, cluster.gatewayUrl, cluster.gatewayUrl, `Hello after ${name}`));
    },
    90_000,
  );

  it("starts and stops one of them, and says when there is nothing to do", async () => {
    await cluster.stop("pod-2");
    await expect(cluster.stop("pod-2")).rejects.toThrow("pod-2 is not running.");
    expect(readState(folder)?.processes.find(({ name }) => name === "pod-2")?.pid).toBeNull();
    isWhole(await converse(cluster, cluster.gatewayUrl, cluster.gatewayUrl, "Hello to one pod"));
    await cluster.start("pod-2");
    await expect(cluster.start("pod-2")).rejects.toThrow("pod-2 is running already.");
    await expect(cluster.restart("pod-9")).rejects.toThrow(/no process called pod-9/);
  }, 60_000);
});

describe("a cluster with TLS and three NATS servers", () => {
  it("speaks TLS everywhere, and does without one NATS server", async () => {
    const cluster = await startCluster({
      folder: temporaryFolder("cluster"),
      nats: 3,
      tls: true,
      pods: 1,
      workers: 1,
      environment,
    });
    try {
      isWhole(await converse(cluster, cluster.gatewayUrl, cluster.gatewayUrl, "Hello over TLS"));
      const { NATS_URL, REDIS_URL, DATABASE_TLS_CA } = cluster.environment;
      expect(NATS_URL?.split(",").every((url) => url.startsWith("tls://"))).toBe(true);
      expect(REDIS_URL).toMatch(/^rediss:/);
      expect(DATABASE_TLS_CA).toBe(cluster.authorityFile);
      await cluster.restart("nats-2");
      await untilReady(cluster);
      isWhole(await converse(cluster, cluster.gatewayUrl, cluster.gatewayUrl, "Hello after nats-2"));
    } finally {
      await cluster.stopAll();
    }
  }, 180_000);
});
