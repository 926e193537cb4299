import { type Kysely, sql } from "kysely";
import { postgresLimits as limits } from "../limits.ts";
import type { Database } from "./schema.ts";

/** Answers that were accepted and whose rows are not written yet, of all pods and workers. */
export type OpenJobs = {
  /** `countedJobs` stands for that many or more. */
  readonly count: number;
  readonly oldestAgeMs: number;
};

/** Served by the index `workflow_jobs_open`. Ids grow with time, so the oldest are among those counted. */
export function openJobsQuery(database: Kysely<Database>, most: number = limits.countedJobs) {
  const counted = database
    .selectFrom("workflow_jobs")
    .select("created_at")
    .where("state", "=", "open")
    .orderBy("message_id")
    .limit(most);
  return database
    .selectFrom(counted.as("counted"))
    .select([
      sql<number>`count(*)::integer`.as("count"),
      sql<number>`coalesce(extract(epoch from now() - min(created_at)) * 1000, 0)::float8`.as("oldest_age_ms"),
    ]);
}

export async function openJobs(database: Kysely<Database>): Promise<OpenJobs> {
  const { count, oldest_age_ms } = await openJobsQuery(database).executeTakeFirstOrThrow();
  return { count, oldestAgeMs: Math.max(0, oldest_age_ms) };
}
