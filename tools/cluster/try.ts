import { temporaryFolder } from "@uci/services";
import { startCluster } from "./start.ts";
import { converse, ask } from "./test/conversation.ts";
const cluster = await startCluster({ folder: temporaryFolder("try"), pods: 3, workers: 2, environment: { AUTH_MODE: "trusted", OFFLINE_WORDS_PER_SECOND: "0", LOG_LEVEL: "warn", ...(process.env.PATCH ? { NODE_OPTIONS: "--import /tmp/patch-close.mjs" } : {}) } });
console.log("up");
let on = true; const failures: Record<string, number> = {}; let good = 0; let slow = 0;
async function load(key: boolean) {
  while (on) {
    const t = Date.now();
    try {
      const r = await fetch(`${cluster.gatewayUrl}/api/chat`, { method: "POST", headers: { "content-type": "application/json", "x-user-id": "u", ...(key ? { "idempotency-key": crypto.randomUUID() } : {}) }, body: JSON.stringify({ message: "hi" }) });
      const text = await r.text();
      if (r.status === 202) good++; else { const k = `${key ? "key" : "nokey"} ${r.status} ${text.slice(0, 60)}`; failures[k] = (failures[k] ?? 0) + 1; }
    } catch (e) { const k = `${key} ${String(e)}`; failures[k] = (failures[k] ?? 0) + 1; }
    slow = Math.max(slow, Date.now() - t);
    await new Promise((r) => setTimeout(r, 40));
  }
}
let streams = 0; const streamErrors: Record<string, number> = {};
async function stream() {
  while (on) {
    const r = await fetch(`${cluster.gatewayUrl}/api/sse?session_id=sess_x`, { headers: { "x-user-id": "u" } });
    if (r.status !== 200) { const k = `${r.status} ${(await r.text()).slice(0, 60)}`; streamErrors[k] = (streamErrors[k] ?? 0) + 1; await new Promise((r) => setTimeout(r, 200)); continue; }
    streams++;
    try { for await (const _ of r.body!) if (!on) break; } catch (e) { const k = String(e); streamErrors[k] = (streamErrors[k] ?? 0) + 1; }
  }
}
const loads = [load(true), load(true), load(false), load(false)]; for (let i = 0; i < 6; i++) void stream();
for (const name of ["pod-1", "pod-2", "pod-3", "pod-1", "pod-2", "pod-3"]) {
  const t = Date.now(); await cluster.restart(name); console.log(name, Date.now() - t, "ms", { good, failures, streams, streamErrors, slow }); slow = 0;
  await new Promise((r) => setTimeout(r, 500));
}
on = false; await Promise.all(loads);
const t = Date.now(); await cluster.stopAll(); console.log("stopped in", Date.now() - t);
process.exit(0);
