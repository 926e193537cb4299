import type { Prompt } from "@uci/protocol";
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { useText } from "../language/language.ts";
import { useAccount } from "../settings/account.ts";
import { usePrompts } from "../settings/prompts.ts";
import { openSettings } from "../settings/settings-state.ts";
import { classNames } from "../ui/class-names.ts";

const shownMost = 8;

type PromptMenu = {
  /** The list over the composer; null while no prompt is being called. */
  readonly menu: ReactNode;
  /** Hears the keys before the field does. */
  readonly onKey: (event: KeyboardEvent) => void;
};

/** Saved prompts, called by a slash and the beginning of a name at the start of a message. */
export function usePromptMenu(draft: string, setDraft: (text: string) => void): PromptMenu {
  const called = /^\/([\p{L}\p{N}_-]*)$/u.exec(draft)?.[1];
  const { data: account } = useAccount();
  const { data: prompts = [] } = usePrompts(called !== undefined && account?.account != null);
  const [active, setActive] = useState(0);
  const [closedFor, setClosedFor] = useState<string | null>(null);
  const beginning = called?.toLowerCase() ?? "";
  const found = prompts.filter(({ name }) => name.toLowerCase().startsWith(beginning)).slice(0, shownMost);
  if (called === undefined || found.length === 0 || closedFor === draft) return { menu: null, onKey: () => undefined };
  const at = Math.min(active, found.length - 1);
  const take = (prompt: Prompt) => {
    setDraft(prompt.text);
    setActive(0);
  };
  return {
    menu: <PromptList prompts={found} active={at} onActive={setActive} onTake={take} />,
    onKey(event) {
      if (event.nativeEvent.isComposing) return;
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      const chosen = event.key === "Enter" || event.key === "Tab";
      if (step === 0 && !chosen && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      if (step !== 0) setActive((at + step + found.length) % found.length);
      else if (chosen) take(found[at]!);
      else setClosedFor(draft);
    },
  };
}

type PromptListProps = {
  readonly prompts: readonly Prompt[];
  readonly active: number;
  readonly onActive: (index: number) => void;
  readonly onTake: (prompt: Prompt) => void;
};

function PromptList({ prompts, active, onActive, onTake }: PromptListProps) {
  const text = useText();
  const id = useId();
  return (
    <div className="absolute inset-x-4 bottom-full z-10 mb-2 rounded-large border border-line bg-raised p-1 shadow-float animate-rise">
      <div role="listbox" id={id} aria-label={text("composer.saved_prompts")} data-testid="prompt-menu">
        {prompts.map((prompt, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the composer, which has the focus, hears the keys
          <div
            key={prompt.prompt_id}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onPointerMove={() => onActive(index)}
            // Before the field loses its focus.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => onTake(prompt)}
            className={classNames(
              "flex min-h-9 cursor-pointer items-center gap-3 rounded-small px-2.5 py-1.5 text-side touch:min-h-11",
              index === active && "bg-bubble",
            )}
          >
            <span className="shrink-0 font-medium">/{prompt.name}</span>
            <span className="min-w-0 truncate text-caption text-faint" dir="auto">
              {prompt.text}
            </span>
          </div>
        ))}
      </div>
      <div className="my-1 h-px bg-line" />
      <button
        type="button"
        className="w-full rounded-small px-2.5 py-1.5 text-start text-caption text-soft hover:bg-hover touch:min-h-11"
        onClick={() => openSettings("prompts")}
      >
        {text("composer.manage_prompts")}
      </button>
    </div>
  );
}
