import type { AttachmentReference } from "@uci/protocol";
import { FileText, LoaderCircle, TriangleAlert, X } from "lucide-react";
import { useService } from "../connection/service-context.ts";
import { useText } from "../language/language.ts";
import { useProblemText } from "../language/problem.ts";
import { classNames } from "../ui/class-names.ts";
import { type AttachedFile, detachFile } from "./attached-files.ts";

const chip = "flex h-11 max-w-60 items-center gap-2 rounded-small border bg-page text-side";

/** The files of the message being written; each can be taken away. */
export function DraftFiles({ sessionId, files }: { sessionId: string | null; files: readonly AttachedFile[] }) {
  const text = useText();
  const problemText = useProblemText();
  const service = useService();
  if (files.length === 0) return null;
  return (
    <ul aria-label={text("composer.files")} className="flex flex-wrap gap-2 pt-1 pe-2 pb-2">
      {files.map((file) => (
        <li
          key={file.key}
          data-testid="draft-file"
          data-state={file.state}
          className={classNames(chip, "ps-2.5", file.state === "failed" ? "border-danger" : "border-line")}
          title={file.state === "failed" ? problemText(file.problem) : file.name}
        >
          <FileMark file={file} />
          <span dir="auto" className="min-w-0 truncate">
            {file.name}
          </span>
          {file.state !== "ready" && (
            <span className="sr-only">
              {file.state === "uploading" ? text("composer.uploading") : problemText(file.problem)}
            </span>
          )}
          <button
            type="button"
            aria-label={text("composer.remove_file", { name: file.name })}
            className="flex size-9 shrink-0 items-center justify-center rounded-small text-soft hover:text-ink touch:size-11"
            onClick={() => detachFile(service, sessionId, file)}
          >
            <X size={15} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

function FileMark({ file }: { readonly file: AttachedFile }) {
  const { client } = useService();
  if (file.state === "failed") return <TriangleAlert size={16} className="shrink-0 text-danger" aria-hidden />;
  if (file.state === "uploading") return <LoaderCircle size={16} className="shrink-0 animate-breathe" aria-hidden />;
  if (file.attachmentId !== null && file.mediaType.startsWith("image/")) {
    const address = client.attachments.addressOf(file.attachmentId);
    return <img src={address} alt="" className="-ms-1 size-8 shrink-0 rounded-small object-cover" />;
  }
  return <FileText size={16} strokeWidth={1.75} className="shrink-0 text-soft" aria-hidden />;
}

/** The files that went with a message: pictures as such, everything else to be opened. */
export function SentFiles({ files }: { readonly files: readonly AttachmentReference[] }) {
  const { client } = useService();
  if (files.length === 0) return null;
  return (
    <ul className="mb-1.5 flex max-w-[80%] flex-wrap justify-end gap-2">
      {files.map(({ attachment_id, name, media_type }) => {
        const address = client.attachments.addressOf(attachment_id);
        const isImage = media_type.startsWith("image/");
        return (
          <li key={attachment_id} data-testid="sent-file">
            <a
              href={address}
              target="_blank"
              rel="noopener"
              title={name}
              className={isImage ? "block" : classNames(chip, "border-line px-3 hover:border-line-strong")}
            >
              {isImage ? (
                // A height of its own, so that nothing moves when the picture arrives.
                <img
                  src={address}
                  alt={name}
                  className="h-44 w-auto max-w-full rounded-large border border-line bg-bubble object-cover"
                />
              ) : (
                <>
                  <FileText size={16} strokeWidth={1.75} className="shrink-0 text-soft" aria-hidden />
                  <span dir="auto" className="truncate">
                    {name}
                  </span>
                </>
              )}
            </a>
          </li>
        );
      })}
    </ul>
  );
}
