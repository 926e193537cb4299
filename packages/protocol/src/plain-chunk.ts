import { z } from "zod";
import { chunkSchema, chunkTypes, finishReasonSchema } from "./chunk.ts";
import { absentNulls } from "./third-party.ts";
import type { StopReply } from "./workflow.ts";

/** Numbers below these are seconds, milliseconds, microseconds since the Unix epoch; larger ones nanoseconds. */
const secondsBelow = 1e11;
const millisecondsBelow = 1e14;
const microsecondsBelow = 1e17;
/** The last moment a date can name, in milliseconds since the Unix epoch. */
const lastDateMs = 8.64e15;

/** ISO 8601 of a number that counts from the Unix epoch in whatever unit; null: no moment. */
function isoOf(count: number): string | null {
  if (!Number.isFinite(count) || count < 0) return null;
  const ms =
    count < secondsBelow
      ? count * 1e3
      : count < millisecondsBelow
        ? count
        : count < microsecondsBelow
          ? count / 1e3
          : count / 1e6;
  return ms > lastDateMs ? null : new Date(ms).toISOString();
}

/** A chunk error as some write it: a text alone; an empty one is none. */
const errorSchema = z.union([
  z.object({ code: z.string().default("internal_error"), message: z.string().default("") }),
  z.string().transform((message) => (message === "" ? undefined : { code: "internal_error", message })),
]);

const timestampSchema = z.union([
  z.string(),
  z.number().transform((count, context) => {
    const iso = isoOf(count);
    if (iso !== null) return iso;
    context.addIssue({ code: "custom", message: "is no moment" });
    return z.NEVER;
  }),
]);

/**
 * A chunk as third parties write it, into the form of `chunkSchema`: null and what a typed language writes for nothing
 * are absent, a timestamp may be a number, an error a text. Fields that are not known are ignored.
 */
export const plainChunkSchema = z.preprocess(
  absentNulls,
  chunkSchema.extend({
    attempt: z.literal(0).optional(),
    offset: z.unknown().optional(),
    chunk: z.string().default(""),
    chunk_type: z.union([z.literal("").transform(() => "content" as const), z.enum(chunkTypes)]).default("content"),
    error: errorSchema.optional(),
    timestamp: timestampSchema.default(""),
    correlation_id: z.string().default(""),
  }),
);

/** What a workflow says to a stop, in whatever form; null: it is none. */
export function stopReplyOf(message: unknown): StopReply | null {
  const parsed = thirdPartyStopReplySchema.safeParse(message);
  return parsed.success ? parsed.data : null;
}

const thirdPartyStopReplySchema = z.preprocess(
  absentNulls,
  z.union([
    z.object({
      closed: z.literal(true),
      finish_reason: finishReasonSchema.default("stopped").catch("other"),
      chunk_id: z.number().int().nonnegative().default(0),
    }),
    z.object({ closed: z.literal(false) }),
  ]),
);

/** Which chunk one is that cannot be read otherwise. */
export const plainPlaceSchema = z.preprocess(
  absentNulls,
  chunkSchema.pick({ session_id: true, message_id: true, chunk_id: true, generation: true }),
);
