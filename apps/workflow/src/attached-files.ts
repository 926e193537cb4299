import { type AttachmentStore, attachmentsOf, type LoadedAttachment, type LoadedAttachments } from "@uci/chat";
import { type AttachmentReference, attachmentKind, type WorkflowRequest } from "@uci/protocol";

/** What of a conversation's files goes with one request, the newest first: providers take about so much. */
const imagesBytes = 20 * 1024 * 1024;
const imagesAtOnce = 20;
const textsBytes = 2 * 1024 * 1024;
/** The database may be away for a moment; an answer that knows nothing of its files would be worse than a late one. */
const loadAttempts = 5;
const loadPauseMs = 500;

/** Loads the files of a job as far as the model can use them. Throws when the store stays away. */
export async function loadAttachments(
  job: WorkflowRequest,
  store: Pick<AttachmentStore, "get">,
  seesImages: boolean,
): Promise<LoadedAttachments> {
  const loaded = new Map<string, LoadedAttachment>();
  const left = { imagesBytes, images: imagesAtOnce, textsBytes };
  for (const reference of attachmentsOf(job)) {
    const kind = attachmentKind(reference.media_type, reference.name);
    if (loaded.has(reference.attachment_id) || (kind === "image" && (!seesImages || left.images === 0))) continue;
    const bytes = await bytesOf(job.user_id, reference, store);
    if (bytes === null) continue;
    if (kind === "image") {
      left.images--;
      left.imagesBytes -= bytes.length;
      if (left.imagesBytes < 0) left.images = 0;
      else loaded.set(reference.attachment_id, { kind, image: { media_type: reference.media_type, data: bytes } });
    } else if (left.textsBytes >= bytes.length) {
      left.textsBytes -= bytes.length;
      loaded.set(reference.attachment_id, { kind: "text", text: new TextDecoder().decode(bytes) });
    }
  }
  return loaded;
}

async function bytesOf(userId: string, { attachment_id }: AttachmentReference, store: Pick<AttachmentStore, "get">) {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await store.get(userId, attachment_id))?.bytes ?? null;
    } catch (error) {
      if (attempt === loadAttempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, loadPauseMs));
    }
  }
}
