import type { Metrics } from "./metrics/index.ts";
import type { PostgresStore } from "./postgres/index.ts";

/** What a process does with the database is looked at when somebody reads the metrics. */
export function measureDatabase(metrics: Metrics, store: Pick<PostgresStore, "trouble" | "poolUse">): void {
  metrics.beforeReading(() => {
    const { inUse, waiting, most } = store.poolUse();
    metrics.set("uci_database_writable", store.trouble() === null ? 1 : 0);
    metrics.set("uci_database_connections_in_use", inUse);
    metrics.set("uci_database_connections_waited_for", waiting);
    metrics.set("uci_database_connections_most", most);
  });
}

/** How many answers the database knows that are not stored yet: the same for every process, so the workers ask. */
export function measureOpenJobs(metrics: Metrics, store: Pick<PostgresStore, "openJobs">): void {
  metrics.beforeReading(async () => {
    const { count, oldestAgeMs } = await store.openJobs();
    metrics.set("uci_accepted_answers", count);
    metrics.set("uci_accepted_oldest_seconds", oldestAgeMs / 1000);
  });
}
