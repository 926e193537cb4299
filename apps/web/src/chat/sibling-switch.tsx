import { ChevronLeft, ChevronRight } from "lucide-react";
import { useService } from "../connection/service-context.ts";
import { useText } from "../language/language.ts";
import { IconButton } from "../ui/icon-button.tsx";
import type { PathStep } from "./path.ts";

/** ‹ 2/3 › — goes through the alternatives of a message. */
export function SiblingSwitch({ siblings, index }: Pick<PathStep, "siblings" | "index">) {
  const text = useText();
  const service = useService();
  if (siblings.length < 2) return null;
  const go = (to: number) => {
    const message = siblings[to];
    if (message !== undefined) service.select(message);
  };
  return (
    <fieldset className="flex items-center text-caption text-faint" aria-label={text("thread.versions")}>
      <IconButton
        small
        label={text("thread.version_before")}
        icon={<ChevronLeft size={16} className="rtl:-scale-x-100" aria-hidden />}
        disabled={index === 0}
        onClick={() => go(index - 1)}
      />
      <span className="min-w-7 text-center tabular-nums">
        {index + 1}/{siblings.length}
      </span>
      <IconButton
        small
        label={text("thread.next_version")}
        icon={<ChevronRight size={16} className="rtl:-scale-x-100" aria-hidden />}
        disabled={index === siblings.length - 1}
        onClick={() => go(index + 1)}
      />
    </fieldset>
  );
}
