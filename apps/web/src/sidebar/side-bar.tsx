import { Archive, PanelLeft, SquarePen } from "lucide-react";
import { Dialog } from "radix-ui";
import { useState } from "react";
import { Link } from "react-router";
import { useText } from "../language/language.ts";
import { keyNames } from "../settings/shortcuts.ts";
import { IconButton } from "../ui/icon-button.tsx";
import { closeDrawer, toggleSideBar, useSideBar } from "../ui/side-bar-state.ts";
import { AccountItem } from "./account-item.tsx";
import { ArchiveList } from "./archive-list.tsx";
import { GuestBanner } from "./guest-banner.tsx";
import { SearchField } from "./search-field.tsx";
import { SearchResults } from "./search-results.tsx";
import { SessionList } from "./session-list.tsx";
import { useDrawer } from "./use-drawer.ts";

/** The chats, beside the page or, on narrow screens, in a drawer over it. */
export function SideBar({ enabled }: { readonly enabled: boolean }) {
  const text = useText();
  const { shown, drawerOpen } = useSideBar();
  const drawer = useDrawer();
  if (!drawer) {
    return (
      <aside
        aria-label={text("sidebar.label")}
        hidden={!shown}
        className="flex w-68 shrink-0 flex-col border-e border-line bg-panel text-side [[hidden]]:hidden"
      >
        <Content enabled={enabled} />
      </aside>
    );
  }
  return (
    <Dialog.Root open={drawerOpen} onOpenChange={(open) => !open && closeDrawer()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-20 bg-veil animate-appear" />
        <Dialog.Content
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            // The drawer itself, not its first button, whose tip would open with it.
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
          className="fixed inset-y-0 start-0 z-30 flex w-[min(19rem,86vw)] flex-col border-e border-line bg-panel pb-[env(safe-area-inset-bottom)] px-[env(safe-area-inset-left)] text-side shadow-float outline-none animate-appear"
        >
          <Dialog.Title className="sr-only">{text("sidebar.chats")}</Dialog.Title>
          <Content enabled={enabled} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Content({ enabled }: { readonly enabled: boolean }) {
  const text = useText();
  const [query, setQuery] = useState("");
  const [archive, setArchive] = useState(false);
  return (
    <>
      <div className="flex h-12 shrink-0 items-center justify-between pe-2 ps-2">
        <IconButton
          label={text("sidebar.hide")}
          keys={keyNames("mod+shift+S")}
          icon={<PanelLeft size={18} strokeWidth={1.75} className="rtl:-scale-x-100" aria-hidden />}
          onClick={toggleSideBar}
        />
      </div>
      <div className="px-2 pb-1">
        <Link
          to="/"
          data-testid="new-chat"
          onClick={closeDrawer}
          className="flex h-9 items-center gap-2.5 rounded-small px-2.5 font-medium hover:bg-hover touch:h-11"
        >
          <SquarePen size={17} strokeWidth={1.75} aria-hidden />
          {text("sidebar.new_chat")}
        </Link>
      </div>
      <div className="px-2 pb-1">
        <SearchField onSearch={setQuery} />
      </div>
      <div data-side-list className="min-h-0 flex-1 overflow-y-auto px-2">
        {query !== "" ? (
          <SearchResults query={query} />
        ) : archive ? (
          <ArchiveList enabled={enabled} onBack={() => setArchive(false)} />
        ) : (
          <>
            <SessionList enabled={enabled} />
            <button
              type="button"
              data-testid="open-archive"
              onClick={() => setArchive(true)}
              className="mb-4 flex h-9 w-full items-center gap-2.5 rounded-small px-2.5 text-soft hover:bg-hover hover:text-ink touch:h-11"
            >
              <Archive size={16} strokeWidth={1.75} aria-hidden />
              {text("sidebar.archived")}
            </button>
          </>
        )}
      </div>
      <div className="border-t border-line p-2">
        <GuestBanner />
        <AccountItem />
      </div>
    </>
  );
}
