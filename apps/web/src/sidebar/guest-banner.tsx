import { useText } from "../language/language.ts";
import { openAccountDialog } from "../settings/account.ts";
import { inviteLater, useInvitation } from "./guest-invitation.ts";

/** Invites a guest to keep the work, once there is some; after "later" not again for two weeks. */
export function GuestBanner() {
  const text = useText();
  if (useInvitation() !== "banner") return null;
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
        <button type="button" className="text-caption text-faint hover:text-ink touch:min-h-11" onClick={inviteLater}>
          {text("account.banner_later")}
        </button>
      </div>
    </aside>
  );
}
