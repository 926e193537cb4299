import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Reads what is shown of a key again, as it is from now on. A first reading that is still under way may be older than
 * that, and the library joins it: it is let through, so that something is shown soon, and read once more after it.
 */
export async function readAnew(queries: QueryClient, queryKey: QueryKey): Promise<void> {
  const firstReadings = queries
    .getQueryCache()
    .findAll({ queryKey, fetchStatus: "fetching" })
    .filter(({ state }) => state.data === undefined);
  await queries.invalidateQueries({ queryKey });
  if (firstReadings.length === 0) return;
  await queries.invalidateQueries({ queryKey, predicate: (query) => firstReadings.includes(query) });
}
