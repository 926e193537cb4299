import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { newSessionId } from "@uci/client";
import type { AttachmentReference } from "@uci/protocol";
import { ArrowUp, Square } from "lucide-react";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { queryKeys } from "../connection/chat-service.ts";
import { isMissing } from "../connection/queries.ts";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { markTemporaryBegun, temporarySessionId } from "../connection/temporary.ts";
import { useText } from "../language/language.ts";
import { useChosenModel } from "../settings/use-model.tsx";
import { classNames } from "../ui/class-names.ts";
import { showFailure } from "../ui/notice.tsx";
import { Tip } from "../ui/tip.tsx";
import { takeFiles, useAttachedFiles } from "./attached-files.ts";
import { composerFieldId, edit } from "./chat-ui.ts";
import { ComposerHint } from "./composer-hint.tsx";
import { useDraft } from "./draft.ts";
import { DraftFiles } from "./file-chips.tsx";
import { DropPlace, FileButton, onPaste, useFileIntake } from "./file-intake.tsx";
import { GrowingField } from "./growing-field.tsx";
import { usePromptMenu } from "./prompt-menu.tsx";
import { usePath, useWriting } from "./use-path.ts";

/** Characters the server takes at most are counted in bytes; this many always fit. */
const messageCharacters = 80_000;

/** Where messages are written. Stays where it is while everything else changes. */
export function Composer({ sessionId, temporary }: { readonly sessionId: string | null; readonly temporary: boolean }) {
  const text = useText();
  const [draft, setDraft] = useDraft(temporary ? temporarySessionId() : sessionId);
  const prompts = usePromptMenu(draft, setDraft);
  const { path } = usePath(sessionId);
  const writing = useWriting(path);
  const send = useSend(sessionId, temporary);
  const attached = useAttachedFiles(sessionId);
  // A file is kept by the server until its message is deleted, so a temporary chat takes none.
  const files = temporary ? [] : attached;
  const takeIn = useFileIntake(sessionId);
  const tooLong = draft.length > messageCharacters;
  const isReady = files.every(({ state }) => state === "ready");
  const sendable = (draft.trim() !== "" || files.length > 0) && isReady && !tooLong;
  const submit = () => {
    if (!sendable) return;
    setDraft("");
    send(draft, temporary ? [] : takeFiles(sessionId));
  };
  const { option } = useChosenModel();
  const unseen = option?.images === false && files.some(({ mediaType }) => mediaType.startsWith("image/"));
  const editLast = () => {
    const last = path.findLast(({ message }) => message.role === "user");
    if (last !== undefined) edit(last.message.message_id);
  };
  return (
    <div className="relative mx-auto w-full max-w-[46rem] px-4 pb-[max(4px,env(safe-area-inset-bottom))]">
      {prompts.menu}
      <form
        onKeyDownCapture={prompts.onKey}
        className="relative rounded-large border border-line-strong bg-raised py-2 pe-2 ps-4 transition-colors duration-150 focus-within:border-accent"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {!temporary && <DropPlace takeIn={takeIn} />}
        <DraftFiles sessionId={sessionId} files={files} />
        <div className="flex items-end gap-2">
          {!temporary && <FileButton takeIn={takeIn} />}
          <GrowingField
            id={composerFieldId}
            onPaste={(event) => !temporary && onPaste(event, takeIn)}
            testId="composer"
            label={text("composer.label")}
            placeholder={text("composer.placeholder")}
            describedBy="composer-hint"
            autoFocus={matchMedia("(hover: hover)").matches}
            value={draft}
            onChange={setDraft}
            onEnter={submit}
            onUp={editLast}
            className="max-h-[38dvh] py-[5px] touch:py-[9px]"
          />
          {writing !== null && <StopButton messageId={writing} />}
          {(writing === null || sendable) && (
            <Tip text={text(writing === null ? "composer.send" : "composer.send_after")} keys="Enter">
              <button
                type="submit"
                data-testid="send"
                aria-label={text("composer.send")}
                disabled={!sendable}
                className={classNames(
                  roundButton,
                  "bg-accent text-on-accent hover:bg-accent-strong disabled:bg-bubble disabled:text-faint",
                )}
              >
                <ArrowUp size={18} strokeWidth={2.25} aria-hidden />
              </button>
            </Tip>
          )}
        </div>
      </form>
      <ComposerHint tooLong={tooLong} unseen={unseen} />
    </div>
  );
}

const roundButton =
  "flex size-9 shrink-0 items-center justify-center rounded-full transition-colors duration-150 touch:size-11";

function useSend(
  sessionId: string | null,
  temporary: boolean,
): (text: string, files: readonly AttachmentReference[]) => void {
  const service = useService();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { choice } = useChosenModel();
  return (message, files) => {
    if (temporary) {
      const own = temporarySessionId();
      if (sessionId === null) {
        service.begin(own);
        markTemporaryBegun();
      }
      service.outbox.send(own, message, choice);
      return;
    }
    // What is written on the page of a chat that is gone begins another one.
    const gone = sessionId !== null && isGone(sessionId, queries);
    const target = sessionId === null || gone ? newSessionId() : sessionId;
    if (target !== sessionId) service.begin(target);
    service.outbox.send(target, message, choice, { attachments: files });
    if (target !== sessionId) void navigate(`/s/${target}`);
  };
}

function isGone(sessionId: string, queries: QueryClient): boolean {
  if (useChat.getState().removed[sessionId] === true) return true;
  return isMissing(queries.getQueryState(queryKeys.messages(sessionId))?.error);
}

function StopButton({ messageId }: { readonly messageId: string }) {
  const text = useText();
  const stop = useStop(messageId);
  return (
    <Tip text={text("composer.stop")} keys="Esc">
      <button
        type="button"
        data-testid="stop"
        aria-label={text("composer.stop_answer")}
        disabled={stop.asked}
        onClick={stop.run}
        className={classNames(roundButton, "border border-line-strong text-ink hover:bg-hover disabled:opacity-50")}
      >
        <Square size={13} fill="currentColor" aria-hidden />
      </button>
    </Tip>
  );
}

function useStop(messageId: string): { asked: boolean; run: () => void } {
  const text = useText();
  const service = useService();
  const [asked, setAsked] = useState<string | null>(null);
  const run = () => {
    setAsked(messageId);
    service.stop(messageId).catch((error: unknown) => {
      setAsked(null);
      showFailure(text("composer.not_stopped"), error);
    });
  };
  useEffect(() => {
    const onStop = () => run();
    window.addEventListener("uci:stop", onStop);
    return () => window.removeEventListener("uci:stop", onStop);
  });
  return { asked: asked === messageId, run };
}
