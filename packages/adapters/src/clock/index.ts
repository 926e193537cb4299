import { randomBytes } from "node:crypto";
import type { Clock, NonceSource } from "@uci/stream";

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Twelve random characters: 71 bits, enough that no two incarnations ever meet. */
export const randomNonce: NonceSource = () => randomBytes(9).toString("base64url");
