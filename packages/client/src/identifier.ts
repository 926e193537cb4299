type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => unknown;

const systemRandom: RandomBytes = (bytes) => globalThis.crypto.getRandomValues(bytes);

/**
 * A UUIDv7 as text: time first, so that ids made later sort later. Made from `getRandomValues` because
 * `crypto.randomUUID` is missing over plain HTTP.
 */
export function timeOrderedUuid(nowMs: number = Date.now(), fillRandom: RandomBytes = systemRandom): string {
  const bytes = new Uint8Array(16);
  fillRandom(bytes);
  for (let index = 0; index < 6; index++) bytes[index] = Math.floor(nowMs / 2 ** (8 * (5 - index))) % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** A new session's id: known before the first message is sent, so that the stream can be open by then. */
export function newSessionId(): string {
  return `sess_${timeOrderedUuid()}`;
}

/** A new `Idempotency-Key`. Keep it and send it again to repeat a call without doing its work twice. */
export function newIdempotencyKey(): string {
  return timeOrderedUuid();
}
