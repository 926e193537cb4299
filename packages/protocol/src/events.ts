import { z } from "zod";
import { chunkSchema, finishReasonSchema } from "./chunk.ts";
import { folderSchema } from "./collections.ts";
import { answerStatusSchema, messageSchema, sessionSchema } from "./http.ts";
import { persistedSchema } from "./workflow.ts";

export const connectedEventSchema = z.object({
  connection_id: z.string(),
  /** The first of `session_ids`; null on a connection for user events alone. */
  session_id: z.string().nullable(),
  session_ids: z.array(z.string()),
  pod_id: z.string(),
});

/** All of one answer so far. `upto`: last chunk id it covers (-1: none). `recovered`: everything after the cursor is in it. */
export const snapshotEventSchema = z.object({
  message_id: z.string(),
  session_id: z.string(),
  generation: z.number().int().nonnegative(),
  upto: z.number().int().min(-1),
  text: z.string(),
  reasoning: z.string(),
  status: answerStatusSchema,
  recovered: z.boolean(),
});
export type SnapshotEvent = z.infer<typeof snapshotEventSchema>;

/** A new answer, and the user message it replies to where that is new too. */
export const messageCreatedEventSchema = z.object({
  session_id: z.string(),
  user_message: messageSchema.optional(),
  answer: messageSchema,
});
export type MessageCreatedEvent = z.infer<typeof messageCreatedEventSchema>;

export const messageCompleteEventSchema = z.object({
  message_id: z.string(),
  session_id: z.string(),
  token_count: z.number().int().nonnegative(),
  finish_reason: finishReasonSchema,
});

export const sessionUpdatedEventSchema = z.object({
  session_id: z.string(),
  change: z.enum(["created", "updated", "deleted"]),
  session: sessionSchema.optional(),
});
export type SessionUpdatedEvent = z.infer<typeof sessionUpdatedEventSchema>;

/** The list of folders is another now; `deleted`: what was in it is in no folder. */
export const folderUpdatedEventSchema = z.object({
  folder_id: z.string(),
  change: z.enum(["created", "updated", "deleted"]),
  folder: folderSchema.optional(),
});

/** `updated`: the message is now as given. `removed`: it is gone with everything that followed it. */
export const messageUpdatedEventSchema = z.object({
  session_id: z.string(),
  message_id: z.string(),
  change: z.enum(["updated", "removed"]),
  message: messageSchema.optional(),
});

export const readyEventSchema = z.object({ recovered: z.boolean() });
export const recoveringEventSchema = z.object({ message_id: z.string(), session_id: z.string() });
export const errorEventSchema = z.object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  session_id: z.string().optional(),
  message_id: z.string().optional(),
});
export const byeReasons = ["draining", "slow_reader", "signed_out", "too_old"] as const;
export const byeEventSchema = z.object({ reason: z.enum(byeReasons) });
export type ByeReason = (typeof byeReasons)[number];

/** Every event of the stream by its name. */
export const streamEventSchemas = {
  connected: connectedEventSchema,
  chunk: chunkSchema,
  snapshot: snapshotEventSchema,
  message_created: messageCreatedEventSchema,
  message_complete: messageCompleteEventSchema,
  message_persisted: persistedSchema,
  message_updated: messageUpdatedEventSchema,
  session_updated: sessionUpdatedEventSchema,
  folder_updated: folderUpdatedEventSchema,
  ready: readyEventSchema,
  recovering: recoveringEventSchema,
  error: errorEventSchema,
  bye: byeEventSchema,
} as const;

export type StreamEventName = keyof typeof streamEventSchemas;
export type StreamEvents = { [Name in StreamEventName]: z.infer<(typeof streamEventSchemas)[Name]> };
/** One event of the stream, told apart by `event`. */
export type StreamEvent = { [Name in StreamEventName]: { event: Name; data: StreamEvents[Name] } }[StreamEventName];

/** What travels on a user's subject to the pods that hold them. */
export const userEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("message_created"), data: messageCreatedEventSchema }),
  z.object({ event: z.literal("message_updated"), data: messageUpdatedEventSchema }),
  z.object({ event: z.literal("session_updated"), data: sessionUpdatedEventSchema }),
  z.object({ event: z.literal("folder_updated"), data: folderUpdatedEventSchema }),
]);
export type UserEvent = z.infer<typeof userEventSchema>;
