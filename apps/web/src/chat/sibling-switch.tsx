import { ChevronLeft, ChevronRight } from "lucide-react";
import { useLayoutEffect, useRef } from "react";
import { useService } from "../connection/service-context.ts";
import { useText } from "../language/language.ts";
import { IconButton } from "../ui/icon-button.tsx";
import type { PathStep } from "./path.ts";

type Way = "before" | "next";

/** The alternative that was gone to with an arrow in focus, and which one: its own switch takes the focus over. */
let gone: { readonly messageId: string; readonly way: Way } | null = null;

/** ‹ 2/3 › — goes through the alternatives of a message. */
export function SiblingSwitch({ siblings, index }: Pick<PathStep, "siblings" | "index">) {
  const text = useText();
  const service = useService();
  const arrows = useRef<HTMLFieldSetElement>(null);
  const messageId = siblings[index]?.message_id;
  useLayoutEffect(() => {
    if (gone === null || gone.messageId !== messageId) return;
    const { way } = gone;
    gone = null;
    // Whoever has gone on to something else meanwhile is left there.
    if (document.activeElement === document.body) focusArrow(arrows.current, way);
  }, [messageId]);
  if (siblings.length < 2) return null;
  const go = (way: Way, arrow: HTMLElement) => {
    const message = siblings[way === "before" ? index - 1 : index + 1];
    if (message === undefined) return;
    gone = arrow === document.activeElement ? { messageId: message.message_id, way } : null;
    service.select(message);
  };
  return (
    <fieldset ref={arrows} className="flex items-center text-caption text-faint" aria-label={text("thread.versions")}>
      <IconButton
        small
        label={text("thread.version_before")}
        icon={<ChevronLeft size={16} className="rtl:-scale-x-100" aria-hidden />}
        disabled={index === 0}
        onClick={({ currentTarget }) => go("before", currentTarget)}
      />
      <span className="min-w-7 text-center tabular-nums">
        {index + 1}/{siblings.length}
      </span>
      <IconButton
        small
        label={text("thread.next_version")}
        icon={<ChevronRight size={16} className="rtl:-scale-x-100" aria-hidden />}
        disabled={index === siblings.length - 1}
        onClick={({ currentTarget }) => go("next", currentTarget)}
      />
    </fieldset>
  );
}

/** The same arrow again, or at the last alternative the way back. */
function focusArrow(arrows: HTMLFieldSetElement | null, way: Way): void {
  const [before, next] = arrows?.querySelectorAll("button") ?? [];
  const [wanted, other] = way === "before" ? [before, next] : [next, before];
  (wanted?.disabled === false ? wanted : other)?.focus({ preventScroll: true });
}
