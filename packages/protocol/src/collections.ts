import { z } from "zod";
import { identifierSchema } from "./ids.ts";
import { wireLimits } from "./limits.ts";

const ownerId = z.string().min(1).max(128).optional();
const shortName = z.string().trim().min(1).max(wireLimits.nameCharacters);

/** A named place for sessions; deleting it keeps them. */
export const folderSchema = z.object({ folder_id: z.string(), name: z.string(), created_at: z.string() });
export type Folder = z.infer<typeof folderSchema>;
export const changeFolderSchema = z.strictObject({ name: shortName, user_id: ownerId });
export const folderPageSchema = z.object({ folders: z.array(folderSchema), next_cursor: z.string().nullable() });
export type FolderPage = z.infer<typeof folderPageSchema>;

/** One word, so that it can follow a slash. */
export const promptNameSchema = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}_-]{0,39}$/u, "must be one word of letters, digits, - and _");
const promptText = z
  .string()
  .max(wireLimits.promptCharacters)
  .refine((text) => text.trim() !== "", "must not be empty");
/** A text kept to be used again, called by `/name`. */
export const promptSchema = z.object({
  prompt_id: z.string(),
  name: z.string(),
  text: z.string(),
  created_at: z.string(),
});
export type Prompt = z.infer<typeof promptSchema>;
export const createPromptSchema = z.strictObject({ name: promptNameSchema, text: promptText, user_id: ownerId });
export const updatePromptSchema = z
  .strictObject({ name: promptNameSchema.optional(), text: promptText.optional(), user_id: ownerId })
  .refine(({ name, text }) => name !== undefined || text !== undefined, "must name something to change");
export const promptPageSchema = z.object({ prompts: z.array(promptSchema), next_cursor: z.string().nullable() });
export type PromptPage = z.infer<typeof promptPageSchema>;

/** What a person has chosen for all sessions; null: not chosen. */
export const preferencesSchema = z.object({
  ai_provider: z.string().min(1).max(100).nullable(),
  model: z.string().min(1).max(200).nullable(),
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/, "must be a language tag")
    .nullable(),
  theme: z.enum(["light", "dark", "system"]).nullable(),
});
export type Preferences = z.infer<typeof preferencesSchema>;
/** What is not named stays as it is. */
export const changePreferencesSchema = z.strictObject({ ...preferencesSchema.partial().shape, user_id: ownerId });

/** A piece of a text; `match`: it is what was looked for. */
export const snippetPartSchema = z.object({ text: z.string(), match: z.boolean() });
export type SnippetPart = z.infer<typeof snippetPartSchema>;
/** `message_id` null: the title is what matched. */
export const searchResultSchema = z.object({
  session_id: z.string(),
  title: z.string().nullable(),
  message_id: z.string().nullable(),
  snippet: z.array(snippetPartSchema),
  created_at: z.string(),
});
export type SearchResult = z.infer<typeof searchResultSchema>;
export const searchPageSchema = z.object({ results: z.array(searchResultSchema), next_cursor: z.string().nullable() });
export type SearchPage = z.infer<typeof searchPageSchema>;
export const searchQuerySchema = z.object({
  q: z.string().trim().min(1).max(wireLimits.searchCharacters),
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(50).optional(),
});

/** A branch of a session as it was when it was shared. */
export const shareSchema = z.object({
  share_id: z.string(),
  session_id: z.string(),
  title: z.string().nullable(),
  created_at: z.string(),
});
export type Share = z.infer<typeof shareSchema>;
export const sharePageSchema = z.object({ shares: z.array(shareSchema), next_cursor: z.string().nullable() });
export type SharePage = z.infer<typeof sharePageSchema>;
/** `message_id`: the end of the branch; without it the newest message. */
export const createShareSchema = z.strictObject({ message_id: identifierSchema.optional(), user_id: ownerId });
export const sharedMessageSchema = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.string(),
  model: z.string().nullable(),
  created_at: z.string(),
});
export type SharedMessage = z.infer<typeof sharedMessageSchema>;
/** What anybody with the address sees: no names, no ids but its own. */
export const sharedBranchSchema = z.object({
  share_id: z.string(),
  title: z.string().nullable(),
  created_at: z.string(),
  messages: z.array(sharedMessageSchema),
});
export type SharedBranch = z.infer<typeof sharedBranchSchema>;
