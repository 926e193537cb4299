import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import { RegisteredError } from "@uci/protocol";
import { LRUCache } from "lru-cache";

const keysRemembered = 20_000;

/** So many of something by one person or network within a time, counted by this pod. */
export class RateLimit {
  readonly #most: number;
  readonly #windowMs: number;
  readonly #counts: LRUCache<string, number>;

  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
    this.#counts = new LRUCache({ max: keysRemembered, ttl: windowMs });
  }

  /** Counts one more; throws `rate_limited` where there were too many. The window begins with the first. */
  take(key: string): void {
    const before = this.#counts.get(key) ?? 0;
    if (before >= this.#most) throw new RegisteredError("rate_limited", undefined, this.#counts.getRemainingTTL(key));
    this.#set(key, before + 1);
  }

  /** What was counted before its outcome was known was no failure. */
  giveBack(key: string): void {
    const before = this.#counts.get(key) ?? 0;
    if (before > 0) this.#set(key, before - 1);
  }

  #set(key: string, count: number): void {
    const leftMs = this.#counts.getRemainingTTL(key);
    this.#counts.set(key, count, { ttl: leftMs <= 0 ? this.#windowMs : Math.max(1, Math.min(this.#windowMs, leftMs)) });
  }
}

/** Counts that all pods share. */
export interface Attempts {
  /** Counts one more of a key, whose window of so many milliseconds begins with the first; atomic. */
  count(key: string, windowMs: number): Promise<{ readonly count: number; readonly leftMs: number }>;
  /** Takes one back. */
  giveBack(key: string): Promise<void>;
  /** Deletes counts whose window is over. */
  forgetOld(): Promise<void>;
}

/** The same limit over all pods: `key` is counted before anything else is done, and then looked at. */
export class SharedRateLimit {
  readonly #attempts: Attempts;
  readonly #name: string;
  readonly #most: number;
  readonly #windowMs: number;

  constructor(attempts: Attempts, name: string, most: number, windowMs: number) {
    this.#attempts = attempts;
    this.#name = name;
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** Throws `rate_limited` where there were too many. */
  async take(key: string): Promise<void> {
    const { count, leftMs } = await this.#attempts.count(this.#hashed(key), this.#windowMs);
    if (count > this.#most) throw new RegisteredError("rate_limited", undefined, leftMs);
  }

  giveBack(key: string): Promise<void> {
    return this.#attempts.giveBack(this.#hashed(key));
  }

  /** Addresses of people who may have no account here do not lie about in a table. */
  #hashed(key: string): string {
    return createHash("sha256").update(`${this.#name} ${key}`).digest("base64url");
  }
}

/** One household has a whole /64 of IPv6 addresses. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const first = head.split(":").filter((group) => group !== "");
  const last = tail === undefined ? [] : tail.split(":").filter((group) => group !== "");
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0");
  return [...first, ...zeros, ...last].slice(0, 4).join(":");
}
