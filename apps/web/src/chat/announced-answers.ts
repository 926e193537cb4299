import { useEffect, useRef } from "react";
import { isUnfinished } from "../connection/state.ts";
import { announce } from "../ui/announcer.tsx";
import type { PathStep } from "./path.ts";

const endings = {
  complete: "The answer is complete",
  stopped: "The answer was stopped",
  interrupted: "The answer broke off",
  failed: "The answer failed",
} as const;

/** Says when an answer begins and how it ends; never its words one by one. */
export function useAnnouncedAnswers(path: readonly PathStep[]): void {
  const followed = useRef<string | null>(null);
  const last = path.at(-1)?.message;
  useEffect(() => {
    if (last === undefined || last.role !== "assistant") return;
    if (isUnfinished(last.status)) {
      if (followed.current !== last.message_id) announce("The answer is being written");
      followed.current = last.message_id;
    } else if (followed.current === last.message_id) {
      followed.current = null;
      if (last.status !== "queued" && last.status !== "streaming") announce(endings[last.status]);
    }
  }, [last]);
}
