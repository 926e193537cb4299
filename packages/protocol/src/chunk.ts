import { z } from "zod";
import { identifierSchema } from "./ids.ts";

export const chunkTypes = [
  "content",
  "reasoning",
  "tool_call",
  "tool_result",
  "metadata",
  "reset",
  "system",
  "error",
] as const;

export const finishReasons = [
  "stop",
  "length",
  "content_filter",
  "tool_calls",
  "other",
  "stopped",
  "interrupted",
  "error",
] as const;

export const finishReasonSchema = z.enum(finishReasons);
export type FinishReason = z.infer<typeof finishReasonSchema>;

/** What the last chunk of an answer says about it. `length` counts UTF-8 bytes of the text, `sha256` is lower-case hex over them. */
export const finalMetadataSchema = z.object({
  model: z.string(),
  tokens_used: z.number().int().nonnegative(),
  /** Tokens of the request, where the provider says how many. */
  prompt_tokens: z.number().int().nonnegative().optional(),
  finish_reason: finishReasonSchema,
  length: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type FinalMetadata = z.infer<typeof finalMetadataSchema>;

export const chunkErrorSchema = z.object({ code: z.string(), message: z.string() });
export type ChunkError = z.infer<typeof chunkErrorSchema>;

const natural = z.number().int().nonnegative();

/**
 * One piece of an answer. `chunk_id` counts 0, 1, 2 … without a hole over all attempts of a generation;
 * `offset` is the UTF-8 byte position of a content chunk's text in the answer since its last reset.
 * Plain chunks (a third party's, without journal) have neither `attempt` nor `offset`.
 */
export const chunkSchema = z.object({
  session_id: identifierSchema,
  message_id: identifierSchema,
  chunk_id: natural,
  generation: natural.default(0),
  attempt: natural.optional(),
  offset: natural.optional(),
  chunk: z.string(),
  chunk_type: z.enum(chunkTypes).default("content"),
  is_final: z.boolean().default(false),
  metadata: z.record(z.string(), z.unknown()).optional(),
  error: chunkErrorSchema.optional(),
  timestamp: z.string(),
  correlation_id: z.string(),
});

export type Chunk = z.infer<typeof chunkSchema>;
export type ChunkType = (typeof chunkTypes)[number];

/** A chunk of ours as opposed to a third party's plain one. */
export type JournaledChunk = Chunk & { readonly attempt: number; readonly offset: number };

export function isJournaled(chunk: Chunk): chunk is JournaledChunk {
  return chunk.attempt !== undefined && chunk.offset !== undefined;
}
