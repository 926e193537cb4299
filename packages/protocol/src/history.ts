import { z } from "zod";

/** One message of a conversation as a model is given it. */
export const historyMessageSchema = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.string(),
});
export type HistoryMessage = z.infer<typeof historyMessageSchema>;
