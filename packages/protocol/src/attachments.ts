import { z } from "zod";
import { identifierSchema } from "./ids.ts";

/** A file that goes with a message. */
export const attachmentSchema = z.object({
  attachment_id: z.string(),
  name: z.string(),
  media_type: z.string(),
  /** In bytes. */
  size: z.number().int().nonnegative(),
  created_at: z.string(),
});
export type Attachment = z.infer<typeof attachmentSchema>;

/** What a workflow is told of a file: never its bytes, which it loads by the id. */
export const attachmentReferenceSchema = z.object({
  attachment_id: identifierSchema,
  name: z.string(),
  media_type: z.string(),
});
export type AttachmentReference = z.infer<typeof attachmentReferenceSchema>;
