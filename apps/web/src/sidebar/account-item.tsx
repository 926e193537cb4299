import { CircleUser, Keyboard, LogIn, LogOut, Monitor, Moon, Sun, UserPlus } from "lucide-react";
import { useNavigate } from "react-router";
import { openAccountDialog, useAccount, useAccountActions } from "../settings/account.ts";
import { openShortcuts } from "../settings/shortcuts-dialog.tsx";
import { setTheme, type ThemeWish, useTheme } from "../settings/theme.ts";
import { Menu, MenuChoice, MenuChoices, MenuItem, MenuLabel, MenuLine } from "../ui/menu.tsx";
import { showNotice } from "../ui/notice.tsx";

const themeIcons = { light: Sun, dark: Moon, system: Monitor } as const;
const themeNames = { light: "Light", dark: "Dark", system: "As the system" } as const;

/** Who is signed in, at the foot of the side bar, and what belongs to them. */
export function AccountItem() {
  const { data } = useAccount();
  const { signOut } = useAccountActions();
  const navigate = useNavigate();
  const leave = async () => {
    try {
      await signOut();
      await navigate("/");
    } catch {
      showNotice("Signing out did not work. Try again.");
    }
  };
  const account = data?.account ?? null;
  const guest = account === null || account.guest;
  const byAccount = data?.mode === "accounts";
  const name = account === null ? "" : guest ? "Guest" : account.name || account.email || account.user_id;
  return (
    <Menu
      side="top"
      align="start"
      trigger={
        <button
          type="button"
          aria-label={`Account and settings: ${name}`}
          className="flex min-h-11 w-full items-center gap-2.5 rounded-small px-2.5 py-1.5 text-left hover:bg-hover"
        >
          <CircleUser size={18} strokeWidth={1.6} className="shrink-0 text-soft" aria-hidden />
          <span className="min-w-0">
            <span className="block truncate">{name || "\u00A0"}</span>
            {byAccount && account !== null && guest && data.sign_up_allowed && (
              <span className="block text-caption text-faint">Sign up to keep your chats</span>
            )}
          </span>
        </button>
      }
    >
      {byAccount && guest && data.sign_up_allowed && (
        <MenuItem icon={<UserPlus size={16} aria-hidden />} onSelect={() => openAccountDialog("sign_up")}>
          Create an account
        </MenuItem>
      )}
      {byAccount && guest && (
        <MenuItem icon={<LogIn size={16} aria-hidden />} onSelect={() => openAccountDialog("sign_in")}>
          Sign in
        </MenuItem>
      )}
      {byAccount && guest && <MenuLine />}
      {account?.email != null && <MenuLabel>{account.email}</MenuLabel>}
      <ThemeChoices />
      <MenuLine />
      <MenuItem icon={<Keyboard size={16} aria-hidden />} onSelect={() => openShortcuts()}>
        Keyboard
      </MenuItem>
      {byAccount && !guest && (
        <MenuItem icon={<LogOut size={16} aria-hidden />} onSelect={() => void leave()}>
          Sign out
        </MenuItem>
      )}
    </Menu>
  );
}

function ThemeChoices() {
  const wish = useTheme((state) => state.wish);
  return (
    <MenuChoices value={wish} onChange={(next) => setTheme(next as ThemeWish)}>
      {(["light", "dark", "system"] as const).map((theme) => {
        const Icon = themeIcons[theme];
        return (
          <MenuChoice key={theme} value={theme}>
            <span className="flex items-center gap-2.5">
              <Icon size={16} aria-hidden />
              {themeNames[theme]}
            </span>
          </MenuChoice>
        );
      })}
    </MenuChoices>
  );
}
