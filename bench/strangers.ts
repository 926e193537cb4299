/**
 * What strangers can do to pods of a cluster: `npm run strangers`. Sends 45 bodies of 49 MiB without a cookie, then 1,500
 * requests that never come whole, and prints how much each pod grew, and when its descriptors were back.
 */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "@uci/services";
import { startCluster } from "../tools/cluster/index.ts";
import { say } from "../tools/command.ts";
import { metric } from "./memory.ts";

const bodies = 45;
const bodyBytes = 49 * 1024 * 1024;
const halfRequests = 1_500;
const descriptorLimitMs = 150_000;
const piece = Buffer.alloc(64 * 1024, 0x20);

const cluster = await startCluster({ folder: temporaryFolder("strangers"), pods: 3, workers: 1, environment: {} });
try {
  const { pods } = cluster;
  await fill(pods.map(({ url }) => url));
  await hold(pods.map(({ url }) => url));
} finally {
  await cluster.stopAll();
}

async function fill(urls: readonly string[]): Promise<void> {
  const before = await Promise.all(urls.map(residentMegabytes));
  const most = [...before];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      for (const [index, url] of urls.entries()) most[index] = Math.max(most[index]!, await residentMegabytes(url));
      await sleep(100);
    }
  })();
  const answers = await Promise.all(Array.from({ length: bodies }, (_none, index) => send(urls[index % urls.length]!)));
  isOver = true;
  await watching;
  say(
    `${bodies} bodies of 49 MiB without a cookie: ${answers.filter((status) => status === 401).length} refused with 401`,
  );
  for (const [index, url] of urls.entries()) {
    say(`  ${url}: ${before[index]} MB before, ${most[index]} MB at most: ${most[index]! - before[index]!} MB more`);
  }
}

/** Sends all of a body, whatever the answer; resolves with the answer's status once either side has ended. */
function send(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket = net.connect({ host: hostname, port: Number(port) });
  let status = 0;
  let sent = 0;
  const write = () => {
    while (sent < bodyBytes && socket.writable) {
      sent += piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on("data", (data) => {
    status ||= Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString("latin1"))?.[1] ?? 0);
  });
  socket.on("drain", write).on("error", () => undefined);
  socket.on("close", () => resolve(status));
  socket.write(
    `POST /api/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${bodyBytes}\r\n\r\n`,
  );
  write();
  return promise;
}

async function hold(urls: readonly string[]): Promise<void> {
  const before = await descriptors(urls);
  const sockets = Array.from({ length: halfRequests }, (_none, index) => {
    const { hostname, port } = new URL(urls[index % urls.length]!);
    const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on("error", () => undefined);
    socket.write("GET /api/sessions HTTP/1.1\r\nHost: localhost\r\nX-Half: ");
    return socket;
  });
  const startedMs = performance.now();
  let most = before;
  let now = before;
  do {
    await sleep(1_000);
    now = await descriptors(urls);
    most = Math.max(most, now);
  } while (
    (now > before + urls.length || most < before + halfRequests / 2) &&
    performance.now() - startedMs < descriptorLimitMs
  );
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  say(`${halfRequests} half requests: ${before} descriptors before, ${most} at most, ${now} after ${seconds} s`);
  for (const socket of sockets) socket.destroy();
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

async function residentMegabytes(url: string): Promise<number> {
  return Math.round(metric(await metricsOf(url), "process_resident_memory_bytes") / 1_000_000);
}

async function descriptors(urls: readonly string[]): Promise<number> {
  const counts = await Promise.all(urls.map(async (url) => metric(await metricsOf(url), "process_open_fds")));
  return counts.reduce((sum, count) => sum + count, 0);
}
