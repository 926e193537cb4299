import type { AttachmentReference, WorkflowRequest } from "@uci/protocol";
import type { ModelImage, ModelMessage } from "@uci/stream";

/** A file as a prompt takes it. */
export type LoadedAttachment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly image: ModelImage };

export type LoadedAttachments = ReadonlyMap<string, LoadedAttachment>;

/** Files of a job, those of the newest message first. */
export function attachmentsOf(job: WorkflowRequest): AttachmentReference[] {
  const before = job.context.conversation_history.toReversed().flatMap(({ attachments }) => attachments ?? []);
  return [...(job.context.attachments ?? []), ...before];
}

/**
 * A user's message with what went with it: texts stand in it under their names, images beside it where the model can
 * see them. Of what is not there, or not for this model, a line says so.
 */
export function withAttachments(
  content: string,
  attachments: readonly AttachmentReference[] | undefined,
  loaded: LoadedAttachments,
): ModelMessage {
  if (attachments === undefined || attachments.length === 0) return { role: "user", content };
  const images: ModelImage[] = [];
  const pieces = attachments.map(({ attachment_id, name, media_type }) => {
    const file = loaded.get(attachment_id);
    if (file?.kind === "text") return `File "${name}":\n${fenced(file.text)}`;
    if (file?.kind === "image") {
      images.push(file.image);
      return `Image: "${name}"`;
    }
    return media_type.startsWith("image/")
      ? `[An image, "${name}", was sent along. It cannot be shown to you.]`
      : `[A file, "${name}", was sent along. It is not there any more.]`;
  });
  const text = [content, ...pieces].filter((piece) => piece !== "").join("\n\n");
  return { role: "user", content: text, ...(images.length === 0 ? {} : { images }) };
}

/** Between fences longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`{3,}/g) ?? []).map((marks) => marks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
