import { useEffect, useRef } from "react";
import { isUnfinished } from "../connection/state.ts";
import { text } from "../language/language.ts";
import { announce } from "../ui/announcer.tsx";
import type { PathStep } from "./path.ts";

const endings = {
  complete: "thread.is_complete",
  stopped: "thread.was_stopped",
  interrupted: "thread.broke_off",
  failed: "thread.has_failed",
} as const;

/** Says when an answer begins and how it ends; never its words one by one. */
export function useAnnouncedAnswers(path: readonly PathStep[]): void {
  const followed = useRef<string | null>(null);
  const last = path.at(-1)?.message;
  useEffect(() => {
    if (last === undefined || last.role !== "assistant") return;
    if (isUnfinished(last.status)) {
      if (followed.current !== last.message_id) announce(text("thread.being_written"));
      followed.current = last.message_id;
    } else if (followed.current === last.message_id) {
      followed.current = null;
      if (last.status !== "queued" && last.status !== "streaming") announce(text(endings[last.status]));
    }
  }, [last]);
}
