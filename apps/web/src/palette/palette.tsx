import { Command } from "cmdk";
import { Cpu, Keyboard, Languages, MessageSquare, Monitor, Moon, PanelLeft, SquarePen, Sun } from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useMemo } from "react";
import { useNavigate } from "react-router";
import { useChat } from "../connection/store.ts";
import { setLanguage, useText } from "../language/language.ts";
import { type Language, languages } from "../language/languages.ts";
import { setModelWish } from "../settings/model.ts";
import { keyNames } from "../settings/shortcuts.ts";
import { openShortcuts } from "../settings/shortcuts-dialog.tsx";
import { setTheme } from "../settings/theme.ts";
import { useChosenModel } from "../settings/use-model.ts";
import { toggleSideBar } from "../sidebar/side-bar-state.ts";
import { returnFocus } from "../ui/focus-return.ts";
import { showNotice } from "../ui/notice.tsx";
import { closePaletteFor, doChosen, openPalette } from "./palette-state.ts";

/** Chats listed at most; typing finds among all that are loaded. */
const listedSessions = 200;

/** Everything the page can do and every chat, found by typing. */
export default function Palette() {
  const text = useText();
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
          <Command label={text("shell.palette")} loop>
            <Command.Input
              data-testid="palette-field"
              placeholder={text("shell.palette_hint")}
              className="h-12 w-full border-b border-line bg-transparent px-4 text-[15px] outline-none placeholder:text-faint"
            />
            <Command.List className="max-h-[min(26rem,60dvh)] overflow-y-auto overscroll-contain p-1.5">
              <Command.Empty className="px-3 py-6 text-center text-side text-faint">
                {text("shell.palette_empty")}
              </Command.Empty>
              <Actions />
              <Sessions />
              <Models />
              <Settings />
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const headings =
  "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-caption [&_[cmdk-group-heading]]:text-faint";

function Group({ heading, children }: { readonly heading: string; readonly children: ReactNode }) {
  return (
    <Command.Group heading={heading} className={headings}>
      {children}
    </Command.Group>
  );
}

type ItemProps = {
  /** What it is found by; must be unlike all others. */
  readonly name: string;
  readonly id?: string;
  readonly icon: ReactNode;
  readonly keys?: string;
  readonly onSelect: () => void;
};

function Item({ name, id = name, icon, keys, onSelect }: ItemProps) {
  return (
    <Command.Item
      value={id}
      keywords={[name]}
      onSelect={() => closePaletteFor(onSelect)}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-small px-2.5 py-1.5 text-side select-none data-[selected=true]:bg-hover touch:min-h-11"
    >
      <span className="text-soft">{icon}</span>
      <span className="min-w-0 flex-1 truncate" dir="auto">
        {name}
      </span>
      {keys !== undefined && <kbd className="font-mono text-caption text-soft">{keyNames(keys)}</kbd>}
    </Command.Item>
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
        name={text("shell.key_side_bar")}
        icon={<PanelLeft size={16} className="rtl:-scale-x-100" aria-hidden />}
        keys="mod+shift+S"
        onSelect={toggleSideBar}
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
  const change = (language: Language) => {
    setLanguage(language).catch(() => showNotice(text("settings.no_language")));
  };
  return (
    <Group heading={text("shell.palette_settings")}>
      <Item
        name={`${text("settings.theme")}: ${text("settings.light")}`}
        icon={<Sun size={16} aria-hidden />}
        onSelect={() => setTheme("light")}
      />
      <Item
        name={`${text("settings.theme")}: ${text("settings.dark")}`}
        icon={<Moon size={16} aria-hidden />}
        onSelect={() => setTheme("dark")}
      />
      <Item
        name={`${text("settings.theme")}: ${text("settings.system")}`}
        icon={<Monitor size={16} aria-hidden />}
        onSelect={() => setTheme("system")}
      />
      {(Object.keys(languages) as Language[]).map((language) => (
        <Item
          key={language}
          name={`${text("settings.language")}: ${languages[language].name}`}
          icon={<Languages size={16} aria-hidden />}
          onSelect={() => change(language)}
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

function Sessions() {
  const text = useText();
  const navigate = useNavigate();
  const sessions = useChat((state) => state.sessions);
  const removed = useChat((state) => state.removed);
  const listed = useMemo(() => {
    const shown = Object.values(sessions).filter(({ session_id }) => removed[session_id] === undefined);
    return shown.sort((one, other) => (one.updated_at < other.updated_at ? 1 : -1)).slice(0, listedSessions);
  }, [sessions, removed]);
  if (listed.length === 0) return null;
  return (
    <Group heading={text("sidebar.chats")}>
      {listed.map(({ session_id, title }) => (
        <Item
          key={session_id}
          id={`session ${session_id}`}
          name={title ?? text("sidebar.new_chat")}
          icon={<MessageSquare size={16} aria-hidden />}
          onSelect={() => void navigate(`/s/${session_id}`)}
        />
      ))}
    </Group>
  );
}
