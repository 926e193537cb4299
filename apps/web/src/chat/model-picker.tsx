import { Check, ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useFormats, useText } from "../language/language.ts";
import { type ModelOption, setModelWish } from "../settings/model.ts";
import { useChosenModel } from "../settings/use-model.tsx";
import { classNames } from "../ui/class-names.ts";
import { showFailure } from "../ui/notice.tsx";

/** Which model answers next: in a chat its own from then on, on the page of a new one remembered for later visits. */
export function ModelPicker() {
  const text = useText();
  const service = useService();
  const { options, option } = useChosenModel();
  const [open, setOpen] = useState(false);
  if (option === null) return null;
  const pick = (chosen: ModelOption) => {
    setOpen(false);
    const { currentSessionId, sessions } = useChat.getState();
    if (currentSessionId === null || sessions[currentSessionId] === undefined) return setModelWish(chosen.key);
    const settings = { ai_provider: chosen.providerId, model: chosen.modelId };
    service
      .update(currentSessionId, { settings })
      .catch((error: unknown) => showFailure(text("sidebar.not_changed"), error));
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          data-testid="model-picker"
          aria-label={text("settings.model", { name: option.name })}
          className="flex h-9 min-w-0 items-center gap-1.5 rounded-small px-2.5 text-side text-soft hover:bg-hover hover:text-ink touch:h-11"
        >
          <span className="truncate" dir="auto">
            {option.name}
          </span>
          <ChevronDown size={15} className="shrink-0" aria-hidden />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label={text("settings.models")}
          className="z-40 flex max-h-[min(28rem,var(--radix-popover-content-available-height))] w-[min(20rem,calc(100vw-16px))] flex-col rounded-large border border-line bg-raised shadow-float outline-none animate-appear"
        >
          <ModelChoices options={options} chosen={option} onPick={pick} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

type ModelChoicesProps = {
  readonly options: readonly ModelOption[];
  readonly chosen: ModelOption;
  readonly onPick: (option: ModelOption) => void;
};

/** A field that filters, over a list by provider; the keys go through the list while the field keeps the focus. */
function ModelChoices({ options, chosen, onPick }: ModelChoicesProps) {
  const text = useText();
  const id = useId();
  const [query, setQuery] = useState("");
  const [activeKey, setActiveKey] = useState(chosen.key);
  const found = useMemo(() => matching(options, query), [options, query]);
  const active = found.find(({ key }) => key === activeKey) ?? found[0];
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter" && active !== undefined) onPick(active);
    if (step === 0 || active === undefined) return;
    event.preventDefault();
    const at = found.indexOf(active) + step;
    const next = found[(at + found.length) % found.length];
    if (next === undefined) return;
    setActiveKey(next.key);
    document.getElementById(`${id} ${next.key}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <input
        type="text"
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={active === undefined ? undefined : `${id} ${active.key}`}
        aria-label={text("settings.search_models")}
        placeholder={text("settings.search_models")}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={onKey}
        className="h-11 shrink-0 rounded-t-large border-b border-line bg-transparent px-3.5 text-side outline-none placeholder:text-faint"
      />
      <div id={id} role="listbox" aria-label={text("settings.models")} className="min-h-0 overflow-y-auto p-1">
        {found.length === 0 && <p className="px-2.5 py-3 text-side text-faint">{text("settings.no_models")}</p>}
        {byProvider(found).map(([provider, models]) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options is not a set of fields
          <div key={provider} role="group" aria-label={provider}>
            <p aria-hidden className="px-2.5 pt-2 pb-1 text-caption text-faint">
              {provider}
            </p>
            {models.map((option) => (
              <Choice
                key={option.key}
                id={`${id} ${option.key}`}
                option={option}
                chosen={option.key === chosen.key}
                active={option === active}
                onActive={() => setActiveKey(option.key)}
                onPick={() => onPick(option)}
              />
            ))}
          </div>
        ))}
      </div>
    </>
  );
}

type ChoiceProps = {
  readonly id: string;
  readonly option: ModelOption;
  readonly chosen: boolean;
  readonly active: boolean;
  readonly onActive: () => void;
  readonly onPick: () => void;
};

function Choice({ id, option, chosen, active, onActive, onPick }: ChoiceProps) {
  const text = useText();
  const formats = useFormats();
  const { name, contextTokens, default: isDefault } = option;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field that has the focus hears the keys
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      data-testid="model-option"
      onClick={onPick}
      onPointerMove={onActive}
      className={classNames(
        "flex min-h-9 cursor-pointer items-center gap-2 rounded-small px-2.5 py-1.5 text-side touch:min-h-11",
        active && "bg-bubble",
      )}
    >
      <span className="min-w-0 flex-1 truncate">
        {name}
        {isDefault && <span className="ms-2 text-caption text-faint">{text("settings.default_model")}</span>}
      </span>
      {contextTokens !== null && (
        <span
          className="shrink-0 rounded-full border border-line px-1.5 text-[11px] leading-[18px] text-soft"
          title={text("settings.context_window", { count: contextTokens })}
        >
          {formats.number(contextTokens, { notation: "compact" })}
        </span>
      )}
      <Check size={16} aria-hidden className={classNames("shrink-0 text-accent", !chosen && "invisible")} />
    </div>
  );
}

function matching(options: readonly ModelOption[], query: string): readonly ModelOption[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter(({ name, modelId, providerName }) => {
    const where = `${name} ${modelId} ${providerName}`.toLowerCase();
    return words.every((word) => where.includes(word));
  });
}

function byProvider(options: readonly ModelOption[]): readonly (readonly [string, readonly ModelOption[]])[] {
  const groups = new Map<string, ModelOption[]>();
  for (const option of options) groups.set(option.providerName, [...(groups.get(option.providerName) ?? []), option]);
  return [...groups];
}
