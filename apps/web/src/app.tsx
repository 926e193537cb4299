import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Navigate, useMatch } from "react-router";
import { ChatPage } from "./chat/chat-page.tsx";
import { useService } from "./connection/service-context.ts";
import { useTemporary } from "./connection/temporary.ts";
import { PalettePlace } from "./palette/palette-place.tsx";
import { useAccount } from "./settings/account.ts";
import { AccountDialog } from "./settings/account-dialog.tsx";
import { useKeptAppearance } from "./settings/appearance.ts";
import { useSessionSettings } from "./settings/session-settings-state.ts";
import { useSettingsDialog } from "./settings/settings-state.ts";
import { ShortcutsDialog } from "./settings/shortcuts-dialog.tsx";
import { ChosenModelPlace } from "./settings/use-model.tsx";
import { removePendingNow } from "./sidebar/removing.ts";
import { ShareDialog } from "./sidebar/share-dialog.tsx";
import { SideBar } from "./sidebar/side-bar.tsx";
import { Announcer } from "./ui/announcer.tsx";
import { usePageKeys } from "./use-page-keys.ts";

/** Where something that was shared is read. */
export const shareAddress = "/share/:shareId";

const SharePage = lazy(() => import("./share/share-page.tsx"));
const SettingsDialog = lazy(() => import("./settings/settings-dialog.tsx"));
const SessionSettingsDialog = lazy(() => import("./settings/session-settings.tsx"));

/** A part of the page that is fetched when it is first opened, and stays from then on, so that it can close calmly. */
function Later({ open, children }: { readonly open: boolean; readonly children: ReactNode }) {
  const [wanted, setWanted] = useState(open);
  useEffect(() => {
    if (open) setWanted(true);
  }, [open]);
  return wanted ? <Suspense>{children}</Suspense> : null;
}

/** The whole page. There are two addresses: a new chat, and one that exists. */
export function App() {
  const shareId = useMatch(shareAddress)?.params.shareId;
  // Whoever reads what was shared is not made a guest for it.
  if (shareId !== undefined) {
    return (
      <Suspense>
        <SharePage shareId={shareId} />
      </Suspense>
    );
  }
  return <ChatApp />;
}

function ChatApp() {
  const home = useMatch("/");
  const sessionId = useMatch("/s/:sessionId")?.params.sessionId ?? null;
  const temporary = useMatch("/temporary") !== null;
  const enabled = useSignedIn();
  const begun = useTemporaryChat(temporary);
  const settingsOpen = useSettingsDialog((state) => state.page !== null);
  const sessionSettingsOpen = useSessionSettings((state) => state.sessionId !== null);
  useKeptAppearance(enabled);
  usePageKeys();
  useEffect(() => {
    const leave = () => void removePendingNow();
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, []);
  if (home === null && sessionId === null && !temporary) return <Navigate to="/" replace />;
  return (
    <ChosenModelPlace>
      <div className="flex h-dvh overflow-hidden pr-[env(safe-area-inset-right)]">
        <SideBar enabled={enabled} />
        <ChatPage sessionId={temporary ? begun : sessionId} enabled={enabled} temporary={temporary} />
        <AccountDialog />
        <ShareDialog />
        <Later open={sessionSettingsOpen}>
          <SessionSettingsDialog />
        </Later>
        <Later open={settingsOpen}>
          <SettingsDialog />
        </Later>
        <ShortcutsDialog />
        <PalettePlace />
        <Announcer />
      </div>
    </ChosenModelPlace>
  );
}

/** The temporary chat on the page once something was sent in it. Leaving its address ends it. */
function useTemporaryChat(shown: boolean): string | null {
  const service = useService();
  const { sessionId, begun } = useTemporary();
  useEffect(() => {
    if (!shown) service.endTemporary();
  }, [shown, service]);
  return begun ? sessionId : null;
}

/** Opens the stream once somebody is signed in. Until then the page can be written in, and nothing is asked for. */
function useSignedIn(): boolean {
  const service = useService();
  const { data, dataUpdatedAt } = useAccount();
  const account = data?.account ?? null;
  // Found out anew after a refusal: the same person again means that connecting is worth another try.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time of the answer is the sign
  useEffect(() => {
    if (account !== null) service.signedInAs(account);
  }, [service, account, dataUpdatedAt]);
  return account !== null;
}
