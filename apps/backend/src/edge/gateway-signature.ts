import { createHmac, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";

/** How far the gateway's clock and this one may be apart, and how long a signed header may be under way. */
const validSeconds = 60;
const form = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/**
 * The proof that `X-User-Id` comes from the gateway: `X-User-Signature: t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256
 * of `SECONDS.METHOD.USER` with the shared secret, and SECONDS the time since 1970.
 */
export class GatewaySignature {
  readonly #secret: string;
  readonly #nowMs: () => number;

  constructor(secret: string, nowMs: () => number) {
    this.#secret = secret;
    this.#nowMs = nowMs;
  }

  isGood({ headers, method }: Pick<FastifyRequest, "headers" | "method">, userId: string): boolean {
    const given = headers["x-user-signature"];
    const [, seconds = "", signature = ""] = form.exec(typeof given === "string" ? given : "") ?? [];
    if (signature === "" || Math.abs(this.#nowMs() / 1000 - Number(seconds)) > validSeconds) return false;
    const right = createHmac("sha256", this.#secret).update(`${seconds}.${method}.${userId}`).digest();
    return timingSafeEqual(right, Buffer.from(signature, "hex"));
  }
}
