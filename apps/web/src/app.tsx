import { useEffect } from "react";
import { Navigate, useMatch } from "react-router";
import { ChatPage } from "./chat/chat-page.tsx";
import { useService } from "./connection/service-context.ts";
import { PalettePlace } from "./palette/palette-place.tsx";
import { useAccount } from "./settings/account.ts";
import { AccountDialog } from "./settings/account-dialog.tsx";
import { ShortcutsDialog } from "./settings/shortcuts-dialog.tsx";
import { removePendingNow } from "./sidebar/removing.ts";
import { SideBar } from "./sidebar/side-bar.tsx";
import { Announcer } from "./ui/announcer.tsx";
import { usePageKeys } from "./use-page-keys.ts";

/** The whole page. There are two addresses: a new chat, and one that exists. */
export function App() {
  const home = useMatch("/");
  const sessionId = useMatch("/s/:sessionId")?.params.sessionId ?? null;
  const enabled = useSignedIn();
  usePageKeys();
  useEffect(() => {
    window.addEventListener("pagehide", removePendingNow);
    return () => window.removeEventListener("pagehide", removePendingNow);
  }, []);
  if (home === null && sessionId === null) return <Navigate to="/" replace />;
  return (
    <div className="flex h-dvh overflow-hidden pr-[env(safe-area-inset-right)]">
      <SideBar enabled={enabled} />
      <ChatPage sessionId={sessionId} enabled={enabled} />
      <AccountDialog />
      <ShortcutsDialog />
      <PalettePlace />
      <Announcer />
    </div>
  );
}

/** Opens the stream once somebody is signed in. Until then the page can be written in, and nothing is asked for. */
function useSignedIn(): boolean {
  const service = useService();
  const { data, dataUpdatedAt } = useAccount();
  const signedIn = data !== undefined && data.account !== null;
  const userId = data?.account?.user_id ?? null;
  // Found out anew after a refusal: the same person again means that connecting is worth another try.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time of the answer is the sign
  useEffect(() => {
    if (userId !== null) service.signedInAs(userId);
  }, [service, userId, dataUpdatedAt]);
  return signedIn;
}
