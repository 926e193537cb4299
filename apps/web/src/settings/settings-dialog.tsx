import { Database, Settings2, SquareSlash, UserRound } from "lucide-react";
import { Tabs } from "radix-ui";
import { useText } from "../language/language.ts";
import { Dialog } from "../ui/dialog.tsx";
import { AccountSettings } from "./account-settings.tsx";
import { DataSettings } from "./data-settings.tsx";
import { GeneralSettings } from "./general-settings.tsx";
import { PromptSettings } from "./prompt-settings.tsx";
import { openSettings, type SettingsPage, useSettingsDialog } from "./settings-state.ts";

const pages = [
  { page: "general", label: "settings.general", Icon: Settings2, Content: GeneralSettings },
  { page: "prompts", label: "settings.prompts", Icon: SquareSlash, Content: PromptSettings },
  { page: "data", label: "settings.data", Icon: Database, Content: DataSettings },
  { page: "account", label: "settings.account", Icon: UserRound, Content: AccountSettings },
] as const;

/** The few things worth setting, on four pages. */
export default function SettingsDialog() {
  const text = useText();
  const page = useSettingsDialog((state) => state.page);
  return (
    <Dialog open={page !== null} onClose={() => openSettings(null)} title={text("settings.title")} wide>
      <Tabs.Root
        value={page ?? "general"}
        onValueChange={(next) => openSettings(next as SettingsPage)}
        orientation="vertical"
        className="flex flex-col gap-5 sm:min-h-96 sm:flex-row sm:gap-8"
      >
        <Tabs.List
          aria-label={text("settings.title")}
          className="-mx-2 flex shrink-0 gap-0.5 overflow-x-auto px-2 sm:sticky sm:top-10 sm:mx-0 sm:w-36 sm:flex-col sm:self-start sm:overflow-visible sm:px-0"
        >
          {pages.map(({ page: name, label, Icon }) => (
            <Tabs.Trigger
              key={name}
              value={name}
              className="flex h-9 shrink-0 items-center gap-2.5 rounded-small px-2.5 text-side text-soft -outline-offset-2 hover:bg-hover hover:text-ink data-[state=active]:bg-bubble data-[state=active]:font-medium data-[state=active]:text-ink touch:h-11"
            >
              <Icon size={16} strokeWidth={1.75} aria-hidden className="max-sm:hidden" />
              {text(label)}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {pages.map(({ page: name, Content }) => (
          <Tabs.Content key={name} value={name} className="min-w-0 flex-1 outline-offset-4">
            <Content />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </Dialog>
  );
}
