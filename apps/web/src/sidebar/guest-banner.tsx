import { useState } from "react";
import { keep, recall, storageKeys } from "../connection/storage.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { openAccountDialog, useAccount } from "../settings/account.ts";

/** Who has written this many chats may have something to lose. */
const chatsWorthKeeping = 2;
const quietMs = 14 * 24 * 60 * 60 * 1000;

/** Invites a guest to keep the work, once there is some; after "later" not again for two weeks. */
export function GuestBanner() {
  const text = useText();
  const { data } = useAccount();
  const chats = useChat((state) => Object.keys(state.sessions).length);
  const [later, setLater] = useState(() => Date.now() - Number(recall(storageKeys.guestLater) ?? 0) < quietMs);
  const invited = data?.mode === "accounts" && data.sign_up_allowed && data.account?.guest === true;
  if (!invited || later || chats < chatsWorthKeeping) return null;
  return (
    <aside aria-label={text("account.guest")} data-testid="guest-banner" className="mb-1 rounded-small px-2.5 py-2">
      <p className="text-caption text-soft">{text("account.banner")}</p>
      <div className="mt-1 flex gap-4">
        <button
          type="button"
          className="text-caption font-medium text-accent hover:underline touch:min-h-11"
          onClick={() => openAccountDialog("sign_up")}
        >
          {text("account.sign_up_title")}
        </button>
        <button
          type="button"
          className="text-caption text-faint hover:text-ink touch:min-h-11"
          onClick={() => {
            keep(storageKeys.guestLater, String(Date.now()));
            setLater(true);
          }}
        >
          {text("account.banner_later")}
        </button>
      </div>
    </aside>
  );
}
