import type { RegisteredConnection } from "@uci/stream";
import { sql } from "kysely";

export type PodConnection = RegisteredConnection & { readonly pod_id: string };
/** A connection that was not stored although its session is there: somebody has the session or its owner locked to delete it. */
export type SkippedConnection = { readonly connection_id: string; readonly session_id: string };

/**
 * Stores connections, or that they were seen now; returns those to be tried again. Connections of sessions that are gone
 * are left out, and locked sessions are not waited for: one session being deleted holds up or fails no batch. Served by
 * the primary keys.
 */
export function seenQuery(connections: readonly PodConnection[]) {
  return sql<SkippedConnection>`with ${storing(connections)}`;
}

/** Removes connections and stores others, which are none of those. Served by the primary keys. */
export function changeQuery(gone: readonly PodConnection[], come: readonly PodConnection[]) {
  const { connectionIds, sessionIds } = columns(gone);
  return sql<SkippedConnection>`
    with gone as (
      delete from active_connections a
      using unnest(${connectionIds}::text[], ${sessionIds}::text[]) as g(connection_id, session_id)
      where a.connection_id = g.connection_id and a.session_id = g.session_id),
    ${storing(come)}`;
}

/**
 * What is known already is only renewed, so that a renewal checks no foreign key and locks no session. For the rest,
 * sessions and owners are locked as a foreign key would, which turns and renamings do not conflict with.
 */
function storing(connections: readonly PodConnection[]) {
  const { connectionIds, sessionIds, podIds, addresses, userAgents } = columns(connections);
  return sql`given as materialized (
      select * from unnest(${connectionIds}::text[], ${sessionIds}::text[], ${podIds}::text[], ${addresses}::text[],
        ${userAgents}::text[]) as g(connection_id, session_id, pod_id, address, user_agent)),
    renewed as (
      update active_connections a set pod_id = g.pod_id, last_seen_at = now() from given g
      where a.connection_id = g.connection_id and a.session_id = g.session_id
      returning a.connection_id, a.session_id),
    missing as materialized (
      select * from given g where not exists (
        select from renewed r where r.connection_id = g.connection_id and r.session_id = g.session_id)),
    held as materialized (
      select s.session_id, s.user_id from chat_sessions s join users u on u.id = s.user_id
      where s.session_id = any(array(select session_id from missing))
      for key share of s, u skip locked),
    stored as (
      insert into active_connections (connection_id, session_id, pod_id, user_id, address, user_agent)
      select m.connection_id, m.session_id, m.pod_id, h.user_id, m.address, m.user_agent
      from missing m join held h on h.session_id = m.session_id
      order by m.connection_id, m.session_id
      on conflict (connection_id, session_id) do update set pod_id = excluded.pod_id, last_seen_at = now())
    select m.connection_id, m.session_id from missing m
    where not exists (select from held h where h.session_id = m.session_id)
      and m.session_id = any(array(select session_id from chat_sessions
        where session_id = any(array(select session_id from missing))))`;
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
    addresses: sorted.map((row) => row.caller?.address ?? null),
    userAgents: sorted.map((row) => row.caller?.user_agent ?? null),
  };
}

function byKey(a: PodConnection, b: PodConnection): number {
  if (a.connection_id !== b.connection_id) return a.connection_id < b.connection_id ? -1 : 1;
  return a.session_id < b.session_id ? -1 : Number(a.session_id > b.session_id);
}
