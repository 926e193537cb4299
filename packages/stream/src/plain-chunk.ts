import { type Chunk, finishReasonSchema, plainChunkSchema, plainPlaceSchema, wireLimits } from "@uci/protocol";
import { streamLimits } from "./limits.ts";
import { utf8Bytes } from "./text.ts";

/** What a third party sent as a chunk: the chunk in our form, or where it has none of it. */
export type PlainChunk =
  | { readonly kind: "chunk"; readonly chunk: Chunk }
  | { readonly kind: "refused"; readonly place: PlainPlace | null; readonly reason: string };

/** Which chunk it would have been, as far as that can be read. */
export type PlainPlace = {
  readonly message_id: string;
  readonly session_id: string;
  readonly generation: number;
  readonly chunk_id: number;
};

/**
 * A third party's chunk in our form. What it does not say is filled in: when it came, and of a final one how it ended and
 * its tokens, counted as its chunks. Refused: it has none of our forms, or is larger than a plain answer may be; the
 * reason names the field.
 */
export function plainChunk(given: unknown, nowMs: number): PlainChunk {
  const parsed = plainChunkSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(given, `${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "malformed"}`);
  }
  const { attempt: _attempt, offset: _offset, error, ...said } = parsed.data;
  const chunk: Chunk = {
    ...said,
    ...(error === undefined ? {} : { error }),
    timestamp: said.timestamp === "" ? new Date(nowMs).toISOString() : said.timestamp,
  };
  if (chunk.chunk_id >= streamLimits.plainChunks) {
    return refused(given, `chunk_id: an answer has ${streamLimits.plainChunks} chunks at most`);
  }
  if (utf8Bytes(chunk.chunk) > wireLimits.chunkBytes) {
    return refused(given, `chunk: a chunk has ${wireLimits.chunkBytes} bytes at most`);
  }
  if (!chunk.is_final) return { kind: "chunk", chunk };
  const reason = finishReasonSchema.safeParse(chunk.metadata?.finish_reason);
  const tokens = chunk.metadata?.tokens_used;
  const finish_reason = chunk.error !== undefined ? "error" : reason.success ? reason.data : "stop";
  const tokens_used = Number.isInteger(tokens) && (tokens as number) >= 0 ? (tokens as number) : chunk.chunk_id;
  return { kind: "chunk", chunk: { ...chunk, metadata: { ...chunk.metadata, finish_reason, tokens_used } } };
}

function refused(given: unknown, reason: string): PlainChunk {
  const place = plainPlaceSchema.safeParse(given);
  const isPlaced = place.success && place.data.chunk_id < streamLimits.plainChunks;
  return { kind: "refused", place: isPlaced ? place.data : null, reason };
}
