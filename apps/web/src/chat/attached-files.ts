import { type AttachmentReference, attachmentBytes, attachmentKind, wireLimits } from "@uci/protocol";
import { create } from "zustand";
import type { ChatService } from "../connection/chat-service.ts";
import { keepOwn, personalKeys, recallOwnJson } from "../connection/person.ts";

/** A file that is to go with the message being written. `failed`: it is not sent; `problem` says why. */
export type AttachedFile = {
  readonly key: string;
  readonly name: string;
  readonly mediaType: string;
  readonly state: "uploading" | "ready" | "failed";
  readonly attachmentId: string | null;
  readonly problem: unknown;
};

/** Why files were not taken at all. */
export type Refused = { readonly name: string; readonly why: "kind" | "size" | "count" };

/** Files by session ("" for a chat that does not exist yet). */
const useFiles = create<Readonly<Record<string, readonly AttachedFile[]>>>(() => ({}));
const noFiles: readonly AttachedFile[] = [];
let files = 0;

/** The files that go with the draft of a session; those an earlier visit had uploaded are there again. */
export function useAttachedFiles(sessionId: string | null): readonly AttachedFile[] {
  return useFiles((all) => all[sessionId ?? ""]) ?? recalled(sessionId);
}

const remembered = new Map<string, readonly AttachedFile[]>();

function recalled(sessionId: string | null): readonly AttachedFile[] {
  const key = personalKeys.attached(sessionId);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const found = recallOwnJson(key, (value) => (Array.isArray(value) ? value.filter(isReference).map(ready) : []), []);
  const list = found.length === 0 ? noFiles : found;
  remembered.set(key, list);
  return list;
}

function filesNow(sessionId: string | null): readonly AttachedFile[] {
  return useFiles.getState()[sessionId ?? ""] ?? recalled(sessionId);
}

function change(sessionId: string | null, next: readonly AttachedFile[]): void {
  useFiles.setState({ [sessionId ?? ""]: next });
  const references = next.flatMap((file) => referenceOf(file) ?? []);
  keepOwn(personalKeys.attached(sessionId), references.length === 0 ? null : JSON.stringify(references));
}

/** Checks and uploads files; returns those that were not taken. */
export function attachFiles(service: ChatService, sessionId: string | null, given: readonly File[]): Refused[] {
  const refused: Refused[] = [];
  for (const file of given) {
    const kind = attachmentKind(file.type, file.name);
    const why =
      filesNow(sessionId).length >= wireLimits.attachmentsPerMessage
        ? "count"
        : kind === null
          ? "kind"
          : file.size > attachmentBytes(kind) || file.size === 0
            ? "size"
            : null;
    if (why === null) void upload(service, sessionId, file);
    else refused.push({ name: file.name, why });
  }
  return refused;
}

async function upload(service: ChatService, sessionId: string | null, file: File): Promise<void> {
  files++;
  const key = `file-${files}`;
  const name = [...file.name].slice(-wireLimits.attachmentNameCharacters).join("") || key;
  const mediaType = file.type === "" ? "application/octet-stream" : file.type;
  const fresh = { key, name, mediaType, state: "uploading", attachmentId: null, problem: null } as const;
  change(sessionId, [...filesNow(sessionId), fresh]);
  const settle = (settled: Partial<AttachedFile>) =>
    change(
      sessionId,
      filesNow(sessionId).map((one) => (one.key === key ? { ...one, ...settled } : one)),
    );
  try {
    const { attachment_id, media_type } = await service.client.attachments.upload(file, name, mediaType);
    settle({ state: "ready", attachmentId: attachment_id, mediaType: media_type });
  } catch (problem) {
    settle({ state: "failed", problem });
  }
}

/** Takes a file away from the draft, and from the server. */
export function detachFile(service: ChatService, sessionId: string | null, { key, attachmentId }: AttachedFile): void {
  change(
    sessionId,
    filesNow(sessionId).filter((file) => file.key !== key),
  );
  // What cannot be removed now is cleared away after a day.
  if (attachmentId !== null) void service.client.attachments.remove(attachmentId).catch(() => {});
}

/** The files of a draft, which has none afterwards: they go out with the message. */
export function takeFiles(sessionId: string | null): AttachmentReference[] {
  const references = filesNow(sessionId).flatMap((file) => referenceOf(file) ?? []);
  change(sessionId, []);
  return references;
}

/** Puts files back into a draft. */
export function putFilesBack(sessionId: string | null, references: readonly AttachmentReference[]): void {
  if (references.length > 0) change(sessionId, [...references.map(ready), ...filesNow(sessionId)]);
}

function referenceOf({ state, attachmentId, name, mediaType }: AttachedFile): AttachmentReference | null {
  return state === "ready" && attachmentId !== null
    ? { attachment_id: attachmentId, name, media_type: mediaType }
    : null;
}

function ready({ attachment_id, name, media_type }: AttachmentReference): AttachedFile {
  return {
    key: attachment_id,
    name,
    mediaType: media_type,
    state: "ready",
    attachmentId: attachment_id,
    problem: null,
  };
}

/** Files as a message names them; whatever else stands there is passed over. */
export function attachmentsIn(value: unknown): AttachmentReference[] {
  return Array.isArray(value) ? value.filter(isReference) : [];
}

function isReference(value: unknown): value is AttachmentReference {
  if (typeof value !== "object" || value === null) return false;
  const { attachment_id, name, media_type } = value as Record<string, unknown>;
  return typeof attachment_id === "string" && typeof name === "string" && typeof media_type === "string";
}
