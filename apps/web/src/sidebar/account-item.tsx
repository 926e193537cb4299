import { CircleUser, Keyboard, LogIn, LogOut, Settings2, UserPlus } from "lucide-react";
import { useText } from "../language/language.ts";
import { openAccountDialog, useAccount, useAccountActions } from "../settings/account.ts";
import { openSettings } from "../settings/settings-state.ts";
import { openShortcuts } from "../settings/shortcuts-dialog.tsx";
import { Menu, MenuItem, MenuLabel, MenuLine } from "../ui/menu.tsx";
import { showFailure } from "../ui/notice.tsx";
import { useInvitation } from "./guest-invitation.ts";
import { removePendingNow } from "./removing.ts";

/** Who is signed in, at the foot of the side bar, and what belongs to them. */
export function AccountItem() {
  const text = useText();
  const { data } = useAccount();
  const { signOut } = useAccountActions();
  const invitation = useInvitation();
  const leave = async () => {
    try {
      await removePendingNow();
      await signOut();
    } catch (error) {
      showFailure(text("account.not_signed_out"), error);
    }
  };
  const account = data?.account ?? null;
  const guest = account === null || account.guest;
  const byAccount = data?.mode === "accounts";
  const name = account === null ? "" : guest ? text("account.guest") : account.name || account.email || account.user_id;
  return (
    <Menu
      side="top"
      align="start"
      trigger={
        <button
          type="button"
          data-testid="account-menu"
          className="flex min-h-11 w-full items-center gap-2.5 rounded-small px-2.5 py-1.5 text-start hover:bg-hover"
        >
          <CircleUser size={18} strokeWidth={1.6} className="shrink-0 text-soft" aria-hidden />
          <span className="min-w-0">
            <span className="sr-only">{`${text("account.menu")}: `}</span>
            <span className="block truncate">{name || "\u00A0"}</span>
            {invitation === "line" && (
              <span className="block text-caption text-faint">{text("account.keep_chats")}</span>
            )}
          </span>
        </button>
      }
    >
      {byAccount && guest && data.sign_up_allowed && (
        <MenuItem icon={<UserPlus size={16} aria-hidden />} onSelect={() => openAccountDialog("sign_up")}>
          {text("account.sign_up_title")}
        </MenuItem>
      )}
      {byAccount && guest && (
        <MenuItem icon={<LogIn size={16} aria-hidden />} onSelect={() => openAccountDialog("sign_in")}>
          {text("account.sign_in")}
        </MenuItem>
      )}
      {byAccount && guest && <MenuLine />}
      {account?.email != null && <MenuLabel>{account.email}</MenuLabel>}
      <MenuItem icon={<Settings2 size={16} aria-hidden />} onSelect={() => openSettings("general")}>
        {text("settings.title")}
      </MenuItem>
      <MenuItem icon={<Keyboard size={16} aria-hidden />} onSelect={() => openShortcuts()}>
        {text("shell.keyboard")}
      </MenuItem>
      {byAccount && !guest && (
        <MenuItem icon={<LogOut size={16} aria-hidden />} onSelect={() => void leave()}>
          {text("account.sign_out")}
        </MenuItem>
      )}
    </Menu>
  );
}
