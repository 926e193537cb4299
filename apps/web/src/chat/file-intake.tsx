import { Paperclip } from "lucide-react";
import { type ClipboardEvent, useEffect, useRef, useState } from "react";
import { useService } from "../connection/service-context.ts";
import { text, useText } from "../language/language.ts";
import { IconButton } from "../ui/icon-button.tsx";
import { showNotice } from "../ui/notice.tsx";
import { attachFiles, type Refused } from "./attached-files.ts";

/** Longer text that is pasted becomes a file: as part of the message it would only be in the way. */
const pastedCharacters = 2_000;

const reasons = {
  kind: "composer.file_kind",
  size: "composer.file_size",
  count: "composer.file_count",
} as const satisfies Record<Refused["why"], string>;

/** Takes files in for a session's draft and says which were not taken. */
export function useFileIntake(sessionId: string | null): (files: readonly File[]) => void {
  const service = useService();
  return (files) => {
    const [first] = attachFiles(service, sessionId, files);
    if (first !== undefined) showNotice(text(reasons[first.why], { name: first.name }));
  };
}

/** What to do with a paste: files and long texts are attached, everything else is left to the field. */
export function onPaste(event: ClipboardEvent, takeIn: (files: readonly File[]) => void): void {
  const files = [...event.clipboardData.files];
  const pasted = event.clipboardData.getData("text/plain");
  if (files.length === 0 && pasted.length > pastedCharacters) {
    files.push(new File([pasted], text("composer.pasted_name"), { type: "text/plain" }));
  }
  if (files.length === 0) return;
  event.preventDefault();
  takeIn(files);
}

/** The button that asks for files. */
export function FileButton({ takeIn }: { readonly takeIn: (files: readonly File[]) => void }) {
  const say = useText();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        data-testid="file-input"
        aria-label={say("composer.attach")}
        onChange={({ target }) => {
          takeIn([...(target.files ?? [])]);
          target.value = "";
        }}
      />
      <IconButton
        label={say("composer.attach")}
        icon={<Paperclip size={17} strokeWidth={1.75} aria-hidden />}
        className="-ms-2"
        onClick={() => input.current?.click()}
      />
    </>
  );
}

/** Files dropped anywhere on the page go with the message; while they hover, the place says so. */
export function DropPlace({ takeIn }: { readonly takeIn: (files: readonly File[]) => void }) {
  const say = useText();
  const [hovering, setHovering] = useState(false);
  const latest = useRef(takeIn);
  latest.current = takeIn;
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setHovering(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setHovering(false);
    const drop = (event: DragEvent) => {
      setHovering(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      latest.current([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener("dragover", over);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, []);
  if (!hovering) return null;
  return (
    <div className="absolute inset-0 z-10 flex items-center justify-center rounded-large border-2 border-dashed border-accent bg-raised text-side text-soft">
      {say("composer.drop")}
    </div>
  );
}
