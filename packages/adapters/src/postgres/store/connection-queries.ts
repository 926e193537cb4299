import type { RegisteredConnection } from "@uci/stream";
import { sql } from "kysely";

export type PodConnection = RegisteredConnection & { readonly pod_id: string };

/** Stores connections, or that they were seen now. Served by the primary key; in its order, so that writers do not wait for each other in a circle. */
export function seenQuery(connections: readonly PodConnection[]) {
  const { connectionIds, sessionIds, podIds } = columns(connections);
  return sql`
    insert into active_connections (connection_id, session_id, pod_id)
    select * from unnest(${connectionIds}::text[], ${sessionIds}::text[], ${podIds}::text[])
    on conflict (connection_id, session_id) do update set pod_id = excluded.pod_id, last_seen_at = now()`;
}

/** Removes connections and stores others, which are none of those. Served by the primary key. */
export function changeQuery(gone: readonly PodConnection[], come: readonly PodConnection[]) {
  const { connectionIds, sessionIds } = columns(gone);
  return sql`
    with gone as (
      delete from active_connections a
      using unnest(${connectionIds}::text[], ${sessionIds}::text[]) as g(connection_id, session_id)
      where a.connection_id = g.connection_id and a.session_id = g.session_id)
    ${seenQuery(come)}`;
}

/** Pods that hold sessions. Served by the index `active_connections_of_session`. */
export function holdersQuery(sessionIds: readonly string[], staleMs: number) {
  return sql<{ session_id: string; pod_id: string }>`
    select session_id, pod_id from active_connections
    where session_id = any(${[...sessionIds]}::text[]) and last_seen_at > now() - ${staleMs} * interval '1 millisecond'`;
}

/** Removes what was not seen for too long; rows that somebody is just renewing are left. Served by the index `active_connections_by_age`. */
export function staleQuery(staleMs: number, most: number) {
  return sql<{ pod_id: string }>`
    delete from active_connections where ctid = any(array(
      select ctid from active_connections
      where last_seen_at <= now() - ${staleMs} * interval '1 millisecond'
      order by last_seen_at limit ${most} for update skip locked))
    returning pod_id`;
}

/** Those of the pods that have rows. Served by the index `active_connections_of_pod`. */
export function presentPodsQuery(podIds: readonly string[]) {
  return sql<{ pod_id: string }>`
    select p.pod_id from unnest(${[...podIds]}::text[]) as p(pod_id)
    cross join lateral (select from active_connections a where a.pod_id = p.pod_id limit 1) row`;
}

/** Removes all of some pods' connections. Served by the index `active_connections_of_pod`. */
export function forgetQuery(podIds: readonly string[]) {
  return sql`delete from active_connections where pod_id = any(${[...podIds]}::text[])`;
}

function columns(connections: readonly PodConnection[]) {
  const sorted = [...connections].sort(byKey);
  return {
    connectionIds: sorted.map((row) => row.connection_id),
    sessionIds: sorted.map((row) => row.session_id),
    podIds: sorted.map((row) => row.pod_id),
  };
}

function byKey(a: PodConnection, b: PodConnection): number {
  if (a.connection_id !== b.connection_id) return a.connection_id < b.connection_id ? -1 : 1;
  return a.session_id < b.session_id ? -1 : Number(a.session_id > b.session_id);
}
