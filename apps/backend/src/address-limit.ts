import { isIPv6 } from "node:net";
import { RegisteredError } from "@uci/protocol";
import { LRUCache } from "lru-cache";

const addressesRemembered = 20_000;

/** So many of something from one address within a time, counted by this pod. Throws `rate_limited`. */
export class AddressLimit {
  readonly #most: number;
  readonly #windowMs: number;
  readonly #counts: LRUCache<string, number>;

  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
    this.#counts = new LRUCache({ max: addressesRemembered, ttl: windowMs });
  }

  /** Counts one more; refuses it where there were too many. The window begins with the first. */
  take(address: string): void {
    const key = networkOf(address);
    const before = this.#counts.get(key) ?? 0;
    if (before >= this.#most) throw new RegisteredError("rate_limited", undefined, this.#counts.getRemainingTTL(key));
    if (before === 0) this.#counts.set(key, 1);
    else
      this.#counts.set(key, before + 1, {
        ttl: Math.max(1, Math.min(this.#windowMs, this.#counts.getRemainingTTL(key))),
      });
  }
}

/** One household has a whole /64 of IPv6 addresses. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const first = head.split(":").filter((group) => group !== "");
  const last = tail === undefined ? [] : tail.split(":").filter((group) => group !== "");
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0");
  return [...first, ...zeros, ...last].slice(0, 4).join(":");
}
