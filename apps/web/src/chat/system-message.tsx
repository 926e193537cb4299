import { memo } from "react";
import { useText } from "../language/language.ts";
import type { PathStep } from "./path.ts";
import { SiblingSwitch } from "./sibling-switch.tsx";

/** An instruction to whoever answers after it: neither side said it, so it is a quiet line between the two. */
export const SystemMessage = memo(function SystemMessage({ message, siblings, index }: PathStep) {
  const text = useText();
  return (
    <article
      data-testid="message-system"
      data-message-id={message.message_id}
      aria-label={text("thread.instruction")}
      className="text-caption text-soft"
    >
      <p dir="auto" className="whitespace-pre-wrap break-words">
        {message.content}
      </p>
      <SiblingSwitch siblings={siblings} index={index} />
    </article>
  );
});
