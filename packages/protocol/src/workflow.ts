import { z } from "zod";
import { attachmentReferenceSchema } from "./attachments.ts";
import { chunkSchema, finishReasonSchema } from "./chunk.ts";
import { historyMessageSchema } from "./history.ts";
import { identifierSchema } from "./ids.ts";

/** A message of the conversation before, with the files that went with it. */
export const workflowMessageSchema = historyMessageSchema.extend({
  attachments: z.array(attachmentReferenceSchema).optional(),
});
export type WorkflowMessage = z.infer<typeof workflowMessageSchema>;

/** What a workflow is asked to do: produce the answer `message_id` to `message`. `timestamp` is ISO 8601, UTC. */
export const workflowRequestSchema = z.object({
  message_id: identifierSchema,
  session_id: identifierSchema,
  user_id: z.string().min(1).max(128),
  message: z.string(),
  context: z.object({
    ai_provider: z.string().optional(),
    model: z.string().optional(),
    temperature: z.number().optional(),
    max_tokens: z.number().int().positive().optional(),
    system_prompt: z.string().optional(),
    conversation_history: z.array(workflowMessageSchema),
    /** Files that go with the message. */
    attachments: z.array(attachmentReferenceSchema).optional(),
    /** The beginning of the answer, said already by an earlier one: the answer's text starts with it and goes on. */
    answer_begins: z.string().min(1).optional(),
  }),
  generation: z.number().int().nonnegative(),
  timestamp: z.string(),
  correlation_id: z.string(),
});
export type WorkflowRequest = z.infer<typeof workflowRequestSchema>;

const natural = z.number().int().nonnegative();

/** The last committed chunk of an answer, told once a second so that a lost tail is noticed. -1: none yet. */
export const positionSchema = z.object({
  session_id: identifierSchema,
  message_id: identifierSchema,
  generation: natural,
  attempt: natural,
  chunk_id: z.number().int().min(-1),
});
export type Position = z.infer<typeof positionSchema>;

/** Told when the answer's row has been written. */
export const persistedSchema = z.object({
  session_id: identifierSchema,
  message_id: identifierSchema,
  generation: natural,
});
export type Persisted = z.infer<typeof persistedSchema>;

/** What travels to a pod: a chunk, a list of chunks, positions, or the news that an answer is stored. */
export const podMessageSchema = z.union([
  z.array(chunkSchema),
  z.object({ chunks: z.array(chunkSchema) }),
  z.object({ positions: z.array(positionSchema) }),
  z.object({ persisted: persistedSchema }),
  chunkSchema,
]);
export type PodMessage =
  | readonly z.infer<typeof chunkSchema>[]
  | { readonly chunks: readonly z.infer<typeof chunkSchema>[] }
  | { readonly positions: readonly Position[] }
  | { readonly persisted: Persisted }
  | z.infer<typeof chunkSchema>;

/** Asks the owner of an answer for its committed chunks after `from` (-1: all) and to send further ones to the pod. */
export const readRequestSchema = z.object({
  from: z.number().int().min(-1),
  generation: natural,
  pod_id: identifierSchema,
});
export type ReadRequest = z.infer<typeof readRequestSchema>;

/**
 * The owner's page. `chunks` follow `from`; where the owner no longer has them singly, `snapshot` replaces everything
 * up to its `upto`. `more` says that another page is due.
 */
export const readReplySchema = z.object({
  generation: natural,
  attempt: natural,
  snapshot: z.object({ upto: z.number().int().min(-1), text: z.string(), reasoning: z.string() }).optional(),
  chunks: z.array(chunkSchema),
  more: z.boolean(),
  /** The answer's row is final already: it belongs to the history. */
  stored: z.boolean(),
  /** Whose session it was when the job was taken; workers of the release before do not say. */
  user_id: z.string().optional(),
});
export type ReadReply = z.infer<typeof readReplySchema>;

/** The owner's word on a stop: the close that won, or that the answer is not running here. */
export const stopReplySchema = z.union([
  z.object({ closed: z.literal(true), finish_reason: finishReasonSchema, chunk_id: natural }),
  z.object({ closed: z.literal(false) }),
]);
export type StopReply = z.infer<typeof stopReplySchema>;

export const aliveReplySchema = z.object({ worker_id: identifierSchema, running: z.boolean() });
export type AliveReply = z.infer<typeof aliveReplySchema>;
