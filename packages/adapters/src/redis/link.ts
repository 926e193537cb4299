import { createHash } from "node:crypto";
import fs from "node:fs";
import { type ChainableCommander, Redis } from "ioredis";
import { redisLimits as limits } from "./limits.ts";

export type RedisSettings = {
  readonly url: string;
  /** The authority that the server's certificate is checked against, for `rediss://`; the system's unless given. */
  readonly tlsCaFile?: string;
  readonly events: RedisEvents;
};

export type RedisEvents = {
  connected(): void;
  /** The connection was lost, or the server does not answer any more. */
  disconnected(): void;
  /** Told once, then again after a while, as long as it lasts. */
  error(error: Error): void;
};

/** Redis cannot be used just now, or refused a command. Holds no argument of the command: those may be secret. */
export class RedisError extends Error {
  override readonly name = "RedisError";
}

export type Script = { readonly text: string; readonly sha1: string };

/** A script that runs as one step on the server. */
export function script(text: string): Script {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

/**
 * One connection to Redis on which nothing waits: while it is not there, or has not answered in time, every command
 * fails at once, until the server answers again.
 */
export class RedisLink {
  readonly #client: Redis;
  readonly #events: RedisEvents;
  /** Commands are let through: the connection is ready and the last one was answered. */
  #open = false;
  #probing: NodeJS.Timeout | null = null;
  #closed = false;
  #lastError = { message: "", atMs: 0 };

  constructor(settings: RedisSettings) {
    this.#events = settings.events;
    this.#client = new Redis(settings.url, {
      ...(settings.tlsCaFile === undefined ? {} : { tls: { ca: fs.readFileSync(settings.tlsCaFile, "utf8") } }),
      // The second version of the wire does all that is needed, and sends the password in a command of its own.
      protocol: 2,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      commandTimeout: limits.commandTimeoutMs,
      socketTimeout: limits.socketTimeoutMs,
      connectTimeout: limits.connectTimeoutMs,
      retryStrategy: (attempt) =>
        Math.min(limits.reconnectFirstMs * 2 ** Math.min(attempt, 10), limits.reconnectMostMs),
    });
    this.#client.on("ready", () => this.#opened());
    this.#client.on("close", () => this.#shut());
    // Without this listener every failed attempt to connect would be written to the console.
    this.#client.on("error", (error: Error) => this.#report(error));
  }

  /** Resolves when it is connected, or after a while when it is not; goes on trying by itself then. Never throws. */
  async connect(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limits.firstConnectMs);
    // What went wrong is told by the listener.
    await Promise.race([this.#client.connect().catch(() => {}), late]);
    clearTimeout(timer);
  }

  get connected(): boolean {
    return this.#open;
  }

  /** Runs commands. Throws `RedisError`, at once while the server is away. */
  async run<Result>(task: (client: Redis) => Promise<Result>): Promise<Result> {
    if (!this.#open) throw new RedisError("the registry does not answer");
    try {
      return await task(this.#client);
    } catch (error) {
      if (isOverdue(error)) this.#suspend();
      throw asRedisError(error);
    }
  }

  /** Runs several commands in one round trip; their results in order. Throws `RedisError` for the first that failed. */
  runTogether(fill: (pipeline: ChainableCommander) => unknown): Promise<unknown[]> {
    return this.run(async (client) => {
      const pipeline = client.pipeline();
      fill(pipeline);
      return ((await pipeline.exec()) ?? []).map(([error, value]) => {
        if (error !== null) throw error;
        return value;
      });
    });
  }

  /** Runs a script by its hash, sent in full where the server does not know it yet. Throws `RedisError`. */
  runScript({ text, sha1 }: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    return this.run(async (client) => {
      try {
        return await client.evalsha(sha1, keys.length, ...keys, ...values);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
        return client.eval(text, keys.length, ...keys, ...values);
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.#shut();
    this.#client.disconnect();
  }

  #opened(): void {
    this.#stopProbing();
    if (this.#open || this.#closed) return;
    this.#open = true;
    this.#lastError = { message: "", atMs: 0 };
    this.#events.connected();
  }

  #shut(): void {
    this.#stopProbing();
    if (!this.#open) return;
    this.#open = false;
    this.#events.disconnected();
  }

  /** The server has gone silent: nobody else waits for it until it has answered a question of ours. */
  #suspend(): void {
    if (!this.#open) return;
    this.#shut();
    this.#report(new RedisError("the registry has gone silent"));
    this.#probeLater();
  }

  #probeLater(): void {
    this.#probing = setTimeout(() => {
      this.#client.ping().then(
        () => this.#opened(),
        // A connection that broke meanwhile makes itself known when it is ready again.
        () => !this.#closed && this.#client.status === "ready" && this.#probeLater(),
      );
    }, limits.probeIntervalMs);
    this.#probing.unref();
  }

  #stopProbing(): void {
    if (this.#probing !== null) clearTimeout(this.#probing);
    this.#probing = null;
  }

  #report(error: Error): void {
    if (this.#closed) return;
    const safe = asRedisError(error);
    const nowMs = Date.now();
    if (safe.message === this.#lastError.message && nowMs - this.#lastError.atMs < limits.sameErrorMs) return;
    this.#lastError = { message: safe.message, atMs: nowMs };
    this.#events.error(safe);
  }
}

function isOverdue(error: unknown): boolean {
  return error instanceof Error && error.message === "Command timed out";
}

/** The driver's own errors carry the command with its arguments, the password among them. */
function asRedisError(error: unknown): RedisError {
  if (error instanceof RedisError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RedisError(message.replace(/,? with args beginning with:.*/s, ""));
}
