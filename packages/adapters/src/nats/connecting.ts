import { setTimeout as sleep } from "node:timers/promises";
import { AuthorizationError, connect, type NatsConnection } from "@nats-io/transport-node";
import { BrokerSetupError, reasonOf } from "./errors.ts";
import { natsLimits as limits } from "./limits.ts";
import { inboxPrefixOf } from "./permissions.ts";
import type { NatsSettings } from "./settings.ts";

const oldestVersion = [2, 9] as const;

/** The first connection, tried until a server answers. Throws `BrokerSetupError`. */
export async function connectFirst(settings: NatsSettings): Promise<NatsConnection> {
  const withinMs = settings.reachWithinMs ?? limits.reachWithinMs;
  const untilMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await checked(await connect(optionsOf(settings)));
    } catch (error) {
      if (error instanceof BrokerSetupError) throw error;
      if (error instanceof AuthorizationError) throw new BrokerSetupError(refusedSentence(settings));
      if (Date.now() + limits.reachRetryMs > untilMs) {
        const servers = settings.servers.join(", ");
        throw new BrokerSetupError(
          `NATS cannot be reached at ${servers} within ${withinMs / 1000} s: ${reasonOf(error)}.`,
        );
      }
      await sleep(limits.reachRetryMs);
    }
  }
}

function optionsOf(settings: NatsSettings) {
  const { servers, user, password, name, service } = settings;
  const isEncrypted = settings.tls !== undefined || servers.some((server) => server.startsWith("tls://"));
  return {
    servers: [...servers],
    name,
    ...(user === undefined ? {} : { user, pass: password ?? "" }),
    ...(isEncrypted ? { tls: tlsOf(settings) } : {}),
    inboxPrefix: inboxPrefixOf(service),
    timeout: limits.connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: limits.reconnectPauseMs,
    reconnectJitter: limits.reconnectJitterMs,
    reconnectJitterTLS: limits.reconnectJitterMs,
    pingInterval: limits.pingIntervalMs,
    maxPingOut: limits.unansweredPings,
    // A password changed on the server and here one after the other must not end the process's connection for good.
    ignoreAuthErrorAbort: true,
    // Servers tell of addresses that may be reachable for themselves alone, and that no certificate names.
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
  };
}

function tlsOf({ tls = {} }: NatsSettings) {
  const { caFile, certFile, keyFile } = tls;
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
}

async function checked(connection: NatsConnection): Promise<NatsConnection> {
  const version = connection.info?.version ?? "";
  if (isRecentEnough(version)) return connection;
  await connection.close();
  throw new BrokerSetupError(`nats-server ${version} is too old: ${oldestVersion.join(".")} or newer is needed.`);
}

/** Whether a server's version, such as 2.9.10 or 2.12.0-RC.1, is one this works with. */
export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  return major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1]);
}

function refusedSentence({ user }: NatsSettings): string {
  const who = user === undefined ? "a connection without a user" : `the user "${user}"`;
  return `NATS refuses ${who}: NATS_USER and NATS_PASSWORD must be those of its configuration.`;
}
