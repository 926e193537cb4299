import fs from "node:fs";
import path from "node:path";
import { temporaryFolder } from "@uci/services";
import pg from "pg";
import { type Cluster, startCluster } from "../../tools/cluster/index.ts";
import { GoWorkflow } from "./go-workflow.ts";

/** Short, so that the cases are; the heart is the same with the real ones. */
const gapSeconds = 2;
const silenceSeconds = 4;

export type PlainWorld = {
  readonly cluster: Cluster;
  readonly workflow: GoWorkflow;
  /** For the user that watches. */
  readonly monitorUrl: string;
  readonly workflowUrl: string;
  rowOf(messageId: string): Promise<StoredAnswer>;
  close(): Promise<void>;
};

export type StoredAnswer = { readonly status: string; readonly text: string; readonly error: string | null };

/** Three pods, real servers, one worker that takes no jobs and keeps house, and a third party's workflow that takes them. */
export async function startPlainWorld(): Promise<PlainWorld> {
  const cluster = await startCluster({
    folder: temporaryFolder("plain"),
    pods: 3,
    workers: 1,
    environment: {
      AUTH_MODE: "trusted",
      TITLES: "message",
      WORKER_SLOTS: "0",
      GRACE_SECONDS: "0",
      DRAIN_SECONDS: "0",
      LOG_LEVEL: "warn",
      PLAIN_GAP_SECONDS: String(gapSeconds),
      PLAIN_SILENCE_SECONDS: String(silenceSeconds),
    },
    gateway: { requestsPerSecond: 10_000, requestBurst: 10_000, streamsPerAddress: 10_000 },
  });
  const workflowUrl = fs.readFileSync(path.join(cluster.folder, "workflow-url"), "utf8").trim();
  const monitor = new URL(workflowUrl);
  monitor.username = "monitor";
  monitor.password = cluster.passwords.nats.monitor;
  const workflow = await GoWorkflow.start(workflowUrl);
  return {
    ...{ cluster, workflow, workflowUrl, monitorUrl: monitor.href },
    rowOf: (messageId) => rowOf(cluster, messageId),
    async close() {
      await workflow.close();
      await cluster.stopAll();
    },
  };
}

/** A connection for each question: the server may be restarted in between. */
async function rowOf(cluster: Cluster, messageId: string): Promise<StoredAnswer> {
  const client = new pg.Client({ connectionString: cluster.environment.DATABASE_URL });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query(
      "select status, content as text, metadata -> 'error' ->> 'code' as error from messages where message_id = $1",
      [messageId],
    );
    return rows[0];
  } finally {
    await client.end().catch(() => undefined);
  }
}
