import { type Cursor, parseCursor } from "@uci/stream";

/** What a reader has of an answer: chunks, UTF-16 units of text, and two sums over these by which it is known again. */
export type GivenText = {
  readonly count: number;
  readonly length: number;
  readonly sums: readonly [number, number];
};

const seeds = [0x811c9dc5, 0x01000193] as const;
const primes = [0x01000193, 0x85ebca6b] as const;

export const nothingGiven: GivenText = { count: 0, length: 0, sums: seeds };

/** The same with one chunk more. */
export function textAfter({ count, length, sums }: GivenText, text: string): GivenText {
  return { count: count + 1, length: length + text.length, sums: summed(sums, text) };
}

/** Whether a text begins with what was given. */
export function heldPrefix({ length, sums }: GivenText, text: string): boolean {
  if (text.length < length) return false;
  const [one, other] = summed(seeds, text.slice(0, length));
  return one === sums[0] && other === sums[1];
}

/** Two FNV-1a sums over UTF-16 units: they can be gone on with from what a cursor holds. */
function summed(sums: GivenText["sums"], text: string): GivenText["sums"] {
  let [one, other] = sums;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, primes[0]);
    other = Math.imul(other ^ unit, primes[1]);
  }
  return [one >>> 0, other >>> 0];
}

const prefix = "c~";
const entryPattern = /^([A-Za-z0-9_-]{1,64}):(\d{1,5})\.(\d{1,8})\.([0-9a-f]{16})$/;
const entriesMost = 64;

/** A cursor that also names what a reader that joins texts has of each answer. */
export function wrapCursor(cursor: string, given: ReadonlyMap<string, GivenText>): string {
  const entries = [...given].slice(-entriesMost).map(([messageId, { count, length, sums }]) => {
    return `${messageId}:${count}.${length}.${sums.map((sum) => sum.toString(16).padStart(8, "0")).join("")}`;
  });
  return `${prefix}${entries.join(",")}~${cursor}`;
}

export type WrappedCursor = {
  readonly cursor: Cursor;
  readonly given: ReadonlyMap<string, GivenText & { readonly generation: number }>;
};

/** A cursor of either kind; null: neither. */
export function parseEitherCursor(text: string): WrappedCursor | null {
  if (!text.startsWith(prefix)) {
    const cursor = parseCursor(text);
    return cursor === null ? null : { cursor, given: new Map() };
  }
  const end = text.indexOf("~", prefix.length);
  const cursor = end < 0 ? null : parseCursor(text.slice(end + 1));
  if (cursor === null) return null;
  const given = new Map<string, GivenText & { generation: number }>();
  const entries = text
    .slice(prefix.length, end)
    .split(",")
    .filter((entry) => entry !== "");
  if (entries.length > entriesMost) return null;
  for (const entry of entries) {
    const [, messageId, count, length, sums] = entryPattern.exec(entry) ?? [];
    const position = cursor.get(messageId ?? "");
    if (messageId === undefined || sums === undefined || position === undefined) return null;
    const both = [Number.parseInt(sums.slice(0, 8), 16), Number.parseInt(sums.slice(8), 16)] as const;
    given.set(messageId, { count: Number(count), length: Number(length), sums: both, generation: position.generation });
  }
  return { cursor, given };
}
