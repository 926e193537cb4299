import { z } from "zod";
import { preferencesSchema } from "./collections.ts";
import { answerStatusSchema, messageRoles, sessionSchema, sessionSettingsSchema } from "./http.ts";

/** Name and version of the files this system writes. */
export const exportFormat = "universal-chat";
export const exportVersion = 1;

export const exportQuerySchema = z.object({
  format: z.enum(["json", "markdown"]).optional(),
  user_id: z.string().min(1).max(128).optional(),
});

export const exportedMessageSchema = z.object({
  message_id: z.string().min(1).max(200),
  parent_message_id: z.string().max(200).nullable(),
  role: z.enum(messageRoles),
  content: z.string(),
  status: answerStatusSchema.optional(),
  model: z.string().max(200).nullable().optional(),
  token_count: z.number().int().nonnegative().nullable().optional(),
  created_at: z.string().max(40),
});
export type ExportedMessage = z.infer<typeof exportedMessageSchema>;

export const exportedSessionSchema = z.object({
  session_id: z.string().min(1).max(200),
  title: z.string().nullable(),
  pinned: z.boolean().optional(),
  archived: z.boolean().optional(),
  /** The name of its folder. */
  folder: z.string().nullable().optional(),
  settings: sessionSettingsSchema.partial().optional(),
  created_at: z.string().max(40),
  updated_at: z.string().max(40),
  messages: z.array(exportedMessageSchema),
});
export type ExportedSession = z.infer<typeof exportedSessionSchema>;

/** A whole export, as JSON. One session alone is the same file with one session in it. */
export const exportSchema = z.object({
  format: z.literal(exportFormat),
  version: z.literal(exportVersion),
  exported_at: z.string(),
  preferences: preferencesSchema.partial().optional(),
  prompts: z.array(z.object({ name: z.string(), text: z.string() })).optional(),
  sessions: z.array(z.unknown()),
});

/**
 * `skipped`: what was there already, had nothing in it that can be taken in, or came after the most that one file may
 * have, or after the time was over. `shortened`: messages cut to the longest length, or left out of conversations that
 * have too many.
 */
export const importResultSchema = z.object({
  imported: z.number().int().nonnegative(),
  skipped: z.number().int().nonnegative(),
  shortened: z.number().int().nonnegative(),
  /** The sessions that came to be, the first hundred of them. */
  sessions: z.array(sessionSchema),
});
export type ImportResult = z.infer<typeof importResultSchema>;
