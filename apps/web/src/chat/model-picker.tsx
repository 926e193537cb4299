import { ChevronDown } from "lucide-react";
import { useText } from "../language/language.ts";
import { setModelWish } from "../settings/model.ts";
import { useChosenModel } from "../settings/use-model.ts";
import { Menu, MenuChoice, MenuChoices } from "../ui/menu.tsx";

/** Which model answers next; remembered for later visits. */
export function ModelPicker() {
  const text = useText();
  const { options, option } = useChosenModel();
  if (option === null) return null;
  return (
    <Menu
      trigger={
        <button
          type="button"
          data-testid="model-picker"
          aria-label={text("settings.model", { name: option.name })}
          className="flex h-9 min-w-0 items-center gap-1.5 rounded-small px-2.5 text-side text-soft hover:bg-hover hover:text-ink touch:h-11"
        >
          <span className="truncate">{option.name}</span>
          <ChevronDown size={15} className="shrink-0" aria-hidden />
        </button>
      }
    >
      <MenuChoices value={option.key} onChange={(key) => setModelWish(key)}>
        {options.map(({ key, name, default: isDefault }) => (
          <MenuChoice key={key} value={key}>
            {name}
            {isDefault && <span className="ms-2 text-caption text-faint">{text("settings.default_model")}</span>}
          </MenuChoice>
        ))}
      </MenuChoices>
    </Menu>
  );
}
