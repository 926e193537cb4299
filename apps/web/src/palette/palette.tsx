import { Command } from "cmdk";
import {
  Cpu,
  Keyboard,
  Languages,
  MessageCircleDashed,
  Monitor,
  Moon,
  PanelLeft,
  Settings2,
  SquarePen,
  Sun,
} from "lucide-react";
import { Dialog } from "radix-ui";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useText } from "../language/language.ts";
import { type Language, languages } from "../language/languages.ts";
import { useAppearance } from "../settings/appearance.ts";
import { setModelWish } from "../settings/model.ts";
import { openSettings } from "../settings/settings-state.ts";
import { openShortcuts } from "../settings/shortcuts-dialog.tsx";
import { useChosenModel } from "../settings/use-model.tsx";
import { returnFocus } from "../ui/focus-return.ts";
import { toggleSideBar } from "../ui/side-bar-state.ts";
import { Group, Item } from "./palette-items.tsx";
import { rankOf } from "./palette-rank.ts";
import { Sessions } from "./palette-sessions.tsx";
import { doChosen, openPalette } from "./palette-state.ts";

/** Everything the page can do and every chat, found by typing. */
export default function Palette() {
  const text = useText();
  const [search, setSearch] = useState("");
  return (
    <Dialog.Root open onOpenChange={(open) => openPalette(open)}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-veil animate-appear" />
        <Dialog.Content
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => {
            returnFocus(event);
            doChosen();
          }}
          className="fixed inset-x-4 top-[max(16px,12dvh)] z-50 mx-auto max-w-xl overflow-hidden rounded-large border border-line bg-raised shadow-float outline-none animate-appear"
        >
          <Dialog.Title className="sr-only">{text("shell.palette")}</Dialog.Title>
          <Command label={text("shell.palette")} loop filter={rankOf}>
            <Command.Input
              data-testid="palette-field"
              value={search}
              onValueChange={setSearch}
              placeholder={text("shell.palette_hint")}
              className="h-12 w-full border-b border-line bg-transparent px-4 text-[15px] outline-none placeholder:text-faint"
            />
            {/* Beside the list: words are not among the children that a list of options may have. */}
            <Command.Empty className="px-3 pt-6 pb-3 text-center text-side text-faint">
              {text("shell.palette_empty")}
            </Command.Empty>
            <Command.List
              label={text("shell.palette")}
              className="max-h-[min(26rem,60dvh)] overflow-y-auto overscroll-contain p-1.5"
            >
              <Actions />
              <Sessions search={search} />
              <Models />
              <Settings />
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Actions() {
  const text = useText();
  const navigate = useNavigate();
  return (
    <Group heading={text("shell.palette_actions")}>
      <Item
        name={text("shell.key_new_chat")}
        icon={<SquarePen size={16} aria-hidden />}
        keys="mod+shift+O"
        onSelect={() => void navigate("/")}
      />
      <Item
        name={text("composer.temporary")}
        icon={<MessageCircleDashed size={16} aria-hidden />}
        onSelect={() => void navigate("/temporary")}
      />
      <Item
        name={text("shell.key_side_bar")}
        icon={<PanelLeft size={16} className="rtl:-scale-x-100" aria-hidden />}
        keys="mod+shift+S"
        onSelect={toggleSideBar}
      />
      <Item
        name={text("settings.title")}
        icon={<Settings2 size={16} aria-hidden />}
        onSelect={() => openSettings("general")}
      />
      <Item
        name={text("shell.keyboard")}
        icon={<Keyboard size={16} aria-hidden />}
        keys="?"
        onSelect={() => openShortcuts()}
      />
    </Group>
  );
}

function Settings() {
  const text = useText();
  const { chooseTheme, chooseLanguage } = useAppearance();
  return (
    <Group heading={text("shell.palette_settings")}>
      <Item
        name={`${text("settings.theme")}: ${text("settings.light")}`}
        icon={<Sun size={16} aria-hidden />}
        onSelect={() => chooseTheme("light")}
      />
      <Item
        name={`${text("settings.theme")}: ${text("settings.dark")}`}
        icon={<Moon size={16} aria-hidden />}
        onSelect={() => chooseTheme("dark")}
      />
      <Item
        name={`${text("settings.theme")}: ${text("settings.system")}`}
        icon={<Monitor size={16} aria-hidden />}
        onSelect={() => chooseTheme("system")}
      />
      {(Object.keys(languages) as Language[]).map((language) => (
        <Item
          key={language}
          name={`${text("settings.language")}: ${languages[language].name}`}
          icon={<Languages size={16} aria-hidden />}
          onSelect={() => chooseLanguage(language)}
        />
      ))}
    </Group>
  );
}

function Models() {
  const text = useText();
  const { options } = useChosenModel();
  if (options.length < 2) return null;
  return (
    <Group heading={text("shell.palette_models")}>
      {options.map(({ key, name }) => (
        <Item
          key={key}
          id={`model ${key}`}
          name={text("settings.model", { name })}
          icon={<Cpu size={16} aria-hidden />}
          onSelect={() => setModelWish(key)}
        />
      ))}
    </Group>
  );
}
