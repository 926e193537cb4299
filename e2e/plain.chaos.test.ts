import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { podStateSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../apps/all-in-one/test/waiting.ts";
import { plainCases } from "./plain/cases.ts";
import { JoiningReader } from "./plain/joining-reader.ts";
import { manners } from "./plain/manners.ts";
import { runPlainCases } from "./plain/run-cases.ts";
import { type PlainWorld, startPlainWorld } from "./plain/world.ts";

const limitMs = 120_000;
const example = path.resolve(import.meta.dirname, "../examples/python-workflow/workflow.py");

let world: PlainWorld;

beforeAll(async () => {
  world = await startPlainWorld();
}, limitMs);
afterAll(() => world?.close(), limitMs);

describe("answers of a workflow written from the documents alone", { timeout: limitMs }, () => {
  it("end while all pods are killed, and every session goes on", async () => {
    const results = await runPlainCases(
      world,
      plainCases.filter(({ fault }) => fault.name === "all pods killed"),
    );
    expect(results.filter(({ problems }) => problems.length > 0)).toEqual([]);
  });

  it("are stopped at once through a pod that has nothing of them", async () => {
    const [holder, other] = world.cluster.pods;
    const { pod_id } = (await (await fetch(`${holder!.url}/health`)).json()) as { pod_id: string };
    world.workflow.podSubject = `chat.pod.${pod_id}.response`;
    const manner = { ...manners.find(({ to }) => to === "pod")!, words: 400 };
    const messageId = await posted("stopped-1", JSON.stringify(manner));
    const reader = new JoiningReader(holder!.url, "python", "stopped-1");
    await until("it has begun", () => reader.textOf(messageId) !== "", limitMs);
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ user_id: "python" });
    const answer = await fetch(`${other!.url}/api/messages/${messageId}/stop`, { method: "POST", headers, body });
    // 202 would say that it will be.
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: "stopped", finish_reason: "stopped" }]);
    const row = await world.rowOf(messageId);
    expect(row.status).toBe("stopped");
    expect(row.text.length).toBeGreaterThan(0);
    reader.close();
  });

  it("leave every pod able to say how it is, asked with nothing and unasked", async () => {
    const asked = world.cluster.pods.map(async ({ url }) => {
      const { pod_id } = (await (await fetch(`${url}/health`)).json()) as { pod_id: string };
      const state = podStateSchema.parse(await world.workflow.healthOf(pod_id, world.monitorUrl));
      expect(state).toMatchObject({ status: "healthy", pod_id });
      expect(state.memory_bytes).toBeGreaterThan(0);
      expect(podStateSchema.parse(await world.workflow.heartbeatOf(pod_id, world.monitorUrl)).pod_id).toBe(pod_id);
    });
    await Promise.all(asked);
  });

  it("are whole after every pod has been restarted while the example in Python wrote one", async () => {
    await world.workflow.close();
    const python = spawn("python3", [example, world.workflowUrl], {
      env: { ...process.env, PAUSE_SECONDS: "0.12", PYTHONUNBUFFERED: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said: string[] = [];
    python.stdout.on("data", (piece) => said.push(String(piece)));
    await until("the example waits for jobs", () => said.join("").includes("waiting for jobs"), limitMs);
    const message = Array.from({ length: 50 }, (_none, index) => `w${index}`).join(" ");
    const reader = new JoiningReader(world.cluster.gatewayUrl, "python", "python-1");
    const messageId = await posted("python-1", message);
    await until("it has begun", () => reader.textOf(messageId) !== "", limitMs);
    for (const { name } of world.cluster.pods) await world.cluster.restart(name);
    const expected = `This is turn 1, answered by a workflow written in Python. You said: ${message}`;
    await until("its reader has all of it", () => reader.textOf(messageId) === expected, limitMs);
    await until("it is stored", async () => (await world.rowOf(messageId)).status === "complete", limitMs);
    expect((await world.rowOf(messageId)).text).toBe(expected);
    expect(reader.connections).toBeGreaterThan(1);
    reader.close();
    await ended(python);
  });
});

async function posted(sessionId: string, message: string): Promise<string> {
  const response = await fetch(`${world.cluster.gatewayUrl}/api/chat`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id: "python", session_id: sessionId, message }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { message_id: string }).message_id;
}

function ended(child: ChildProcess): Promise<unknown> {
  const end = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  return end;
}
