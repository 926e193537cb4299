import { connectNats } from "@uci/adapters/nats";
import { Redis } from "ioredis";
import pg from "pg";
import type { Cluster } from "../tools/cluster/index.ts";

/** What is there although nobody needs it any more, by its kind. */
export type Leftovers = Readonly<Record<string, number>>;

/** Looks for what answers, connections and jobs have left behind. Call when nothing runs. */
export async function leftoversOf(cluster: Cluster): Promise<Leftovers> {
  const [database, registry, broker] = await Promise.all([
    databaseLeftovers(cluster),
    registryLeftovers(cluster),
    brokerLeftovers(cluster),
  ]);
  return { ...database, ...registry, ...broker };
}

async function databaseLeftovers({ environment }: Cluster): Promise<Leftovers> {
  const client = new pg.Client({ connectionString: environment.DATABASE_URL });
  await client.connect();
  try {
    const count = async (text: string) => Number((await client.query(text)).rows[0].count);
    return {
      "open jobs": await count("select count(*) from workflow_jobs where state = 'open'"),
      "unfinished messages": await count("select count(*) from messages where status in ('queued', 'streaming')"),
      "connections in the table": await count("select count(*) from active_connections"),
    };
  } finally {
    await client.end();
  }
}

async function registryLeftovers({ environment }: Cluster): Promise<Leftovers> {
  const redis = new Redis(environment.REDIS_URL!);
  try {
    const keys = await redis.keys("*");
    const of = (prefix: string) => keys.filter((key) => key.startsWith(prefix)).length;
    return {
      "sessions in the registry": of("session:connections:"),
      "pods with connections in the registry": of("pod:connections:"),
    };
  } finally {
    redis.disconnect();
  }
}

async function brokerLeftovers({ environment, passwords }: Cluster): Promise<Leftovers> {
  const servers = environment.NATS_URL!.split(",");
  const broker = await connectNats(
    {
      servers,
      user: "worker",
      password: passwords.nats.worker,
      name: "leftovers",
      service: "worker",
      partitions: 1,
      replicas: 1,
      journalBytes: 1024 ** 3,
    },
    { connected: () => undefined, disconnected: () => undefined, error: () => undefined },
  );
  try {
    const { pending, unacknowledged } = await broker.queueState();
    return {
      "jobs in the queue": pending,
      "jobs taken": unacknowledged,
      "owners registered": await broker.ownerCount(),
    };
  } finally {
    await broker.close();
  }
}
