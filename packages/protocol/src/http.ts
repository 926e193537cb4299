import { z } from "zod";
import { historyMessageSchema } from "./history.ts";
import { identifierSchema } from "./ids.ts";
import { wireLimits } from "./limits.ts";

function utf8AtMost(bytes: number) {
  const encoder = new TextEncoder();
  return z
    .string()
    .max(bytes)
    .refine(
      (text) => text.length * 3 <= bytes || encoder.encode(text).length <= bytes,
      `must be at most ${bytes} bytes`,
    );
}

export const answerStatuses = ["queued", "streaming", "complete", "stopped", "interrupted", "failed"] as const;
export const answerStatusSchema = z.enum(answerStatuses);
export type AnswerStatus = z.infer<typeof answerStatusSchema>;

/** Whether an answer with this status will never change again. */
export function isFinalStatus(status: AnswerStatus): boolean {
  return status !== "queued" && status !== "streaming";
}

export const generationContextSchema = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.number().int().min(1).max(wireLimits.maxTokens).optional(),
  system_prompt: utf8AtMost(wireLimits.systemPromptBytes).optional(),
});
export type GenerationContext = z.infer<typeof generationContextSchema>;

const providerName = z.string().max(100);
const modelName = z.string().max(200);

/**
 * The context of a message as clients of many kinds send it: null is the same as absent, and fields that are not named
 * here are passed over. `ai_provider` and `model` count where the request itself names none. `conversation_history`
 * counts in a temporary chat without `history`; of any other chat the server itself knows what was said.
 */
export const chatContextSchema = z.object({
  temperature: generationContextSchema.shape.temperature.nullable(),
  max_tokens: generationContextSchema.shape.max_tokens.nullable(),
  system_prompt: generationContextSchema.shape.system_prompt.nullable(),
  ai_provider: providerName.nullish(),
  model: modelName.nullish(),
  conversation_history: z.unknown().optional(),
});
export type ChatContext = z.infer<typeof chatContextSchema>;

const modelChoice = {
  ai_provider: providerName.min(1).nullish(),
  model: modelName.min(1).nullish(),
};

const chatRequestFields = z.strictObject({
  session_id: identifierSchema.nullish(),
  user_id: z.string().min(1).max(128).nullish(),
  /** Empty only where files go along. */
  message: utf8AtMost(wireLimits.messageBytes),
  /** Files uploaded before, in their order. */
  attachments: z.array(identifierSchema).max(wireLimits.attachmentsPerMessage).nullish(),
  /** Null: a new root; absent: what was said last. */
  parent_message_id: identifierSchema.nullable().optional(),
  ...modelChoice,
  context: chatContextSchema.nullish(),
  /** True: nothing of this session is kept. The page keeps the conversation and gives it along as `history`. */
  temporary: z.boolean().nullish(),
  history: z.array(historyMessageSchema).max(wireLimits.historyMessages).nullish(),
});
export const chatRequestSchema = chatRequestFields.refine(
  ({ message, attachments }) => message.trim() !== "" || (attachments ?? []).length > 0,
  { path: ["message"], error: "must not be empty" },
);
export type ChatRequest = z.infer<typeof chatRequestSchema>;

export const chatAcceptedSchema = z.object({
  message_id: z.string(),
  user_message_id: z.string(),
  session_id: z.string(),
  status: z.literal("accepted"),
  timestamp: z.string(),
  correlation_id: z.string(),
});
export type ChatAccepted = z.infer<typeof chatAcceptedSchema>;

export const regenerateRequestSchema = z.strictObject({
  user_id: z.string().min(1).max(128).nullish(),
  ...modelChoice,
  context: chatContextSchema.nullish(),
});
export type RegenerateRequest = z.infer<typeof regenerateRequestSchema>;

export const ratings = ["up", "down"] as const;
export type Rating = (typeof ratings)[number];
/** What the reader thinks of an answer, kept as `metadata.rating` of its message; null takes it back. */
export const ratingRequestSchema = z.strictObject({
  rating: z.enum(ratings).nullable(),
  user_id: z.string().min(1).max(128).optional(),
});

/** What an answer says in the reader's words: kept as a sibling of it, with `metadata.edited`. */
export const editRequestSchema = z.strictObject({
  content: utf8AtMost(wireLimits.messageBytes).refine((text) => text.trim() !== "", "must say something"),
  user_id: z.string().min(1).max(128).optional(),
});

/**
 * An instruction to whoever answers what follows it: a message of the tree that is not said by either side. Its parent is
 * found as that of a turn: without one the newest message, null: none.
 */
export const addMessageRequestSchema = z.strictObject({
  role: z.literal("system"),
  content: utf8AtMost(wireLimits.systemPromptBytes).refine((text) => text.trim() !== "", "must say something"),
  parent_message_id: identifierSchema.nullable().optional(),
  user_id: z.string().min(1).max(128).optional(),
});

/** The answer up to which a session is copied into a new one. */
export const branchRequestSchema = z.strictObject({
  message_id: identifierSchema,
  user_id: z.string().min(1).max(128).optional(),
});

/** `stopped`: the close is committed and no later text will come. `stopping`: the wish is written and will be carried out. `final`: it had ended already. */
export const stopResponseSchema = z.object({
  message_id: z.string(),
  status: z.enum(["stopped", "stopping", "final"]),
  finish_reason: z.string().optional(),
});
export type StopResponse = z.infer<typeof stopResponseSchema>;

export const messageRoles = ["user", "assistant", "system"] as const;
export type MessageRole = (typeof messageRoles)[number];
export const messageSchema = z.object({
  message_id: z.string(),
  session_id: z.string(),
  parent_message_id: z.string().nullable(),
  role: z.enum(messageRoles),
  content: z.string(),
  status: answerStatusSchema,
  model: z.string().nullable(),
  token_count: z.number().int().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.string(),
});
export type Message = z.infer<typeof messageSchema>;

/** How the answers of a session are made where a request does not say otherwise; null: as it comes. */
export const sessionSettingsSchema = z.object({
  system_prompt: utf8AtMost(wireLimits.systemPromptBytes).nullable(),
  temperature: z.number().min(0).max(2).nullable(),
  max_tokens: z.number().int().min(1).max(wireLimits.maxTokens).nullable(),
  ai_provider: z.string().min(1).max(100).nullable(),
  model: z.string().min(1).max(200).nullable(),
});
export type SessionSettings = z.infer<typeof sessionSettingsSchema>;

export const sessionSchema = z.object({
  session_id: z.string(),
  title: z.string().nullable(),
  pinned: z.boolean(),
  archived: z.boolean(),
  folder_id: z.string().nullable(),
  settings: sessionSettingsSchema,
  created_at: z.string(),
  updated_at: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

export const createSessionSchema = z.strictObject({
  session_id: identifierSchema.optional(),
  title: z.string().trim().min(1).max(wireLimits.titleCharacters).optional(),
  user_id: z.string().min(1).max(128).optional(),
});
/** What is not named stays as it is. */
export const updateSessionSchema = z
  .strictObject({
    title: z.string().trim().min(1).max(wireLimits.titleCharacters).optional(),
    pinned: z.boolean().optional(),
    archived: z.boolean().optional(),
    folder_id: identifierSchema.nullable().optional(),
    settings: z.strictObject(sessionSettingsSchema.partial().shape).optional(),
    user_id: z.string().min(1).max(128).optional(),
  })
  .refine(
    ({ user_id: _user, ...change }) => Object.values(change).some((value) => value !== undefined),
    "must name something to change",
  );
export type UpdateSession = z.infer<typeof updateSessionSchema>;

export const sessionPageSchema = z.object({ sessions: z.array(sessionSchema), next_cursor: z.string().nullable() });
export const messagePageSchema = z.object({ messages: z.array(messageSchema), next_cursor: z.string().nullable() });
export type SessionPage = z.infer<typeof sessionPageSchema>;
export type MessagePage = z.infer<typeof messagePageSchema>;

export const pageQuerySchema = z.object({
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(wireLimits.pageRows).optional(),
});

/** A switch in a query; anything but these two words is refused. */
const switchInQuery = z.enum(["true", "false"]).transform((text) => text === "true");
/** Without `archived` those that are not archived. */
export const sessionListQuerySchema = pageQuerySchema.extend({
  archived: switchInQuery.optional(),
  pinned: switchInQuery.optional(),
  folder_id: identifierSchema.optional(),
});

export const modelSchema = z.object({
  id: z.string(),
  name: z.string(),
  default: z.boolean(),
  /** Whether it can see images. */
  images: z.boolean(),
  context_window_tokens: z.number().int().optional(),
});
export const providerSchema = z.object({ id: z.string(), name: z.string(), models: z.array(modelSchema) });
export const modelListSchema = z.object({ providers: z.array(providerSchema) });
export type Provider = z.infer<typeof providerSchema>;
export type ModelList = z.infer<typeof modelListSchema>;

const email = z.string().max(254).email();
const password = z.string().min(8).max(128);
export const signUpSchema = z.strictObject({ email, password, name: z.string().trim().min(1).max(100).optional() });
export const signInSchema = z.strictObject({ email, password: z.string().min(1).max(128) });
export type SignUp = z.infer<typeof signUpSchema>;
export type SignIn = z.infer<typeof signInSchema>;

/** The signed-in person; `guest` until an account exists, whose sessions move over when one is made. */
export const accountSchema = z.object({
  user_id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  guest: z.boolean(),
  role: z.enum(["user", "admin"]),
});
export type Account = z.infer<typeof accountSchema>;
/** `sign_up_allowed` and `mode` tell a page what to offer to somebody who is not signed in. */
export const accountStateSchema = z.object({
  account: accountSchema.nullable(),
  mode: z.enum(["accounts", "trusted"]),
  sign_up_allowed: z.boolean(),
});
export type AccountState = z.infer<typeof accountStateSchema>;

export const healthSchema = z.object({
  status: z.enum(["ok", "draining", "degraded"]),
  pod_id: z.string(),
  timestamp: z.string(),
  active_connections: z.number().int(),
  active_sessions: z.number().int(),
  active_buffers: z.number().int(),
  nats_connected: z.boolean(),
});
export type Health = z.infer<typeof healthSchema>;

/**
 * The same over the broker, where a pod that is well is `healthy`, with what its process takes: resident memory in bytes
 * and the share of one processor since the last of these, in percent.
 */
export const podStateSchema = healthSchema.extend({
  status: z.enum(["healthy", "draining", "degraded"]),
  memory_bytes: z.number().int(),
  cpu_percent: z.number(),
  uptime_seconds: z.number(),
});
export type PodState = z.infer<typeof podStateSchema>;

export const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    correlation_id: z.string(),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
