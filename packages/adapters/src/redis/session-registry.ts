import { keys, keyTimes } from "@uci/protocol";
import type { RegisteredConnection, SessionRegistry } from "@uci/stream";
import { Gathering } from "./gathering.ts";
import { redisLimits as limits } from "./limits.ts";
import type { RedisLink } from "./link.ts";
import { deadMembersScript, deadPodScript, deregisterScript, registerScript } from "./scripts.ts";

export type RedisRegistryTimes = { readonly connectionsTtlMs: number; readonly heartbeatTtlMs: number };

const standardTimes: RedisRegistryTimes = {
  connectionsTtlMs: keyTimes.connectionsTtlSeconds * 1000,
  heartbeatTtlMs: keyTimes.heartbeatTtlSeconds * 1000,
};

type Change = {
  readonly kind: "register" | "deregister";
  readonly podId: string;
  readonly connections: readonly RegisteredConnection[];
};

/**
 * The session registry in Redis: who is where, as sets of a session's connections, a hash of a pod's, and a heartbeat
 * a pod. Throws `RedisError`, at once while Redis is away.
 */
export class RedisSessionRegistry implements SessionRegistry {
  readonly #link: RedisLink;
  readonly #times: RedisRegistryTimes;
  /** Connections that ended while Redis could not be told. */
  readonly #leftBehind = new Map<string, { podId: string; connection: RegisteredConnection }>();
  readonly #changes = new Gathering<Change, undefined>((changes) => this.#sendTogether(changes));

  constructor(link: RedisLink, times: RedisRegistryTimes = standardTimes) {
    this.#link = link;
    this.#times = times;
  }

  async register(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    for (const connection of connections) this.#leftBehind.delete(nameOf(podId, connection));
    await this.#changes.add({ kind: "register", podId, connections });
  }

  async renew(podId: string, connections: readonly RegisteredConnection[] | null): Promise<boolean> {
    const heartbeat = keys.heartbeat(podId);
    const [known] = await this.#link.runTogether((pipeline) =>
      pipeline.exists(heartbeat).set(heartbeat, Date.now(), "PX", this.#times.heartbeatTtlMs),
    );
    await this.#removeLeftBehind();
    // A pod's whole list, one piece after the other: nobody is kept waiting behind all of it.
    for (const some of pieces(connections ?? [], limits.connectionsAtOnce)) await this.register(podId, some);
    return known === 1;
  }

  async find(sessionIds: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const wanted = [...new Set(sessionIds)];
    const members = new Map<string, readonly string[]>();
    for (const some of pieces(wanted, limits.sessionsAtOnce)) {
      const replies = await this.#link.runTogether((pipeline) => {
        for (const sessionId of some) pipeline.smembers(keys.sessionConnections(sessionId));
      });
      for (const [index, reply] of replies.entries()) members.set(some[index]!, reply as string[]);
    }
    const living = await this.#living([...members.values()].flat().map(podOf));
    const found = new Map<string, ReadonlySet<string>>();
    for (const [sessionId, held] of members) {
      found.set(sessionId, new Set(held.map(podOf).filter((podId) => living.has(podId))));
      const dead = held.filter((member) => !living.has(podOf(member)));
      if (dead.length > 0) this.#removeDead(sessionId, dead);
    }
    return found;
  }

  async deregister(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    try {
      await this.#changes.add({ kind: "deregister", podId, connections });
    } catch (error) {
      for (const connection of connections) {
        if (this.#leftBehind.size >= limits.mostLeftBehind) break;
        this.#leftBehind.set(nameOf(podId, connection), { podId, connection });
      }
      throw error;
    }
  }

  async sweep(): Promise<readonly string[]> {
    const podIds = await this.#knownPods();
    const living = await this.#living(podIds);
    const swept: string[] = [];
    for (const podId of podIds) if (!living.has(podId) && (await this.#sweepPod(podId))) swept.push(podId);
    return swept;
  }

  /** All is sent before anything is waited for, so that the server takes it in this order. */
  async #sendTogether(changes: readonly Change[]): Promise<readonly undefined[]> {
    await Promise.all(alike(changes).flatMap((change) => this.#send(change)));
    return changes.map(() => undefined);
  }

  /** In pieces none of which keeps the server long. */
  #send({ kind, podId, connections }: Change): Promise<unknown>[] {
    return [...pieces(connections, limits.connectionsAtOnce)].map((some) => {
      const names = [keys.podConnections(podId), ...some.map(({ session_id }) => keys.sessionConnections(session_id))];
      const values = some.flatMap(({ connection_id, session_id }) => [connection_id, session_id]);
      return kind === "register"
        ? this.#link.runScript(registerScript, names, [podId, this.#times.connectionsTtlMs, ...values])
        : this.#link.runScript(deregisterScript, names, [podId, ...values]);
    });
  }

  async #removeLeftBehind(): Promise<void> {
    for (const [name, { podId, connection }] of [...this.#leftBehind]) {
      this.#leftBehind.delete(name);
      await this.deregister(podId, [connection]);
    }
  }

  /** All pods that have connections here. Walks over the keys in steps, so that nobody waits behind it. */
  async #knownPods(): Promise<readonly string[]> {
    const prefix = keys.podConnections("");
    const podIds = new Set<string>();
    let cursor = "0";
    do {
      const [next, names] = await this.#link.run((client) =>
        client.scan(cursor, "MATCH", keys.podConnections("*"), "COUNT", limits.scanAtOnce),
      );
      for (const name of names) podIds.add(name.slice(prefix.length));
      cursor = next;
    } while (cursor !== "0");
    return [...podIds];
  }

  async #living(podIds: readonly string[]): Promise<ReadonlySet<string>> {
    const wanted = [...new Set(podIds)];
    if (wanted.length === 0) return new Set();
    const beats = await this.#link.run((client) => client.mget(wanted.map(keys.heartbeat)));
    return new Set(wanted.filter((_, index) => beats[index] !== null));
  }

  /** Removes all that a pod left behind; false when it has come back to life meanwhile. */
  async #sweepPod(podId: string): Promise<boolean> {
    const held = keys.podConnections(podId);
    let cursor = "0";
    do {
      const [next, fields] = await this.#link.run((client) =>
        client.hscan(held, cursor, "COUNT", limits.connectionsAtOnce),
      );
      const connections = connectionsIn(fields);
      for (const some of pieces(connections, limits.connectionsAtOnce)) {
        const names = some.map(({ session_id }) => keys.sessionConnections(session_id));
        const values = [podId, ...some.map(({ connection_id }) => connection_id)];
        const removed = await this.#link.runScript(deadPodScript, [keys.heartbeat(podId), held, ...names], values);
        if (removed !== 1) return false;
      }
      cursor = next;
    } while (cursor !== "0");
    return true;
  }

  /** Members whose pod's own list is lost, so that no sweep would find them. Nobody waits for it. */
  #removeDead(sessionId: string, members: readonly string[]): void {
    for (const some of pieces(members, limits.connectionsAtOnce)) {
      const names = [keys.sessionConnections(sessionId), ...some.map((member) => keys.heartbeat(podOf(member)))];
      this.#link.runScript(deadMembersScript, names, some).catch(() => {});
    }
  }
}

/** Changes that follow each other and are of the same kind, as one. */
function alike(changes: readonly Change[]): Change[] {
  const joined: { kind: Change["kind"]; podId: string; connections: RegisteredConnection[] }[] = [];
  for (const { kind, podId, connections } of changes) {
    const last = joined.at(-1);
    if (last?.kind === kind && last.podId === podId) last.connections.push(...connections);
    else joined.push({ kind, podId, connections: [...connections] });
  }
  return joined;
}

/** Fields and values in turn, each value being sessions joined by commas. */
function connectionsIn(fields: readonly string[]): RegisteredConnection[] {
  const connections: RegisteredConnection[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    const connection_id = fields[index]!;
    for (const session_id of fields[index + 1]!.split(",")) connections.push({ connection_id, session_id });
  }
  return connections;
}

/** A member is `{pod_id}:{connection_id}`, and a pod's id has no colon. */
function podOf(member: string): string {
  return member.slice(0, member.indexOf(":"));
}

function nameOf(podId: string, { connection_id, session_id }: RegisteredConnection): string {
  return `${podId} ${connection_id} ${session_id}`;
}

function* pieces<Item>(items: readonly Item[], most: number): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += most) yield items.slice(from, from + most);
}
