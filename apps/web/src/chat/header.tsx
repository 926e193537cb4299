import { Ellipsis, MessageCircleDashed, PanelLeft, SquarePen, X } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { keyNames } from "../settings/shortcuts.ts";
import { SessionActions } from "../sidebar/session-actions.tsx";
import { TitleField } from "../sidebar/title-field.tsx";
import { useDrawer } from "../sidebar/use-drawer.ts";
import { classNames } from "../ui/class-names.ts";
import { IconButton } from "../ui/icon-button.tsx";
import { Menu } from "../ui/menu.tsx";
import { showFailure } from "../ui/notice.tsx";
import { toggleSideBar, useSideBar } from "../ui/side-bar-state.ts";
import { ModelPicker } from "./model-picker.tsx";

/** Title, model and what else can be done with a chat. */
export function Header({ sessionId, temporary }: { readonly sessionId: string | null; readonly temporary: boolean }) {
  const text = useText();
  const drawer = useDrawer();
  const shown = useSideBar((state) => state.shown);
  const navigate = useNavigate();
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 px-2 pt-[env(safe-area-inset-top)] box-content">
      {(drawer || !shown) && (
        <IconButton
          label={text("sidebar.show")}
          keys={keyNames("mod+shift+S")}
          icon={<PanelLeft size={18} strokeWidth={1.75} className="rtl:-scale-x-100" aria-hidden />}
          onClick={toggleSideBar}
        />
      )}
      {temporary ? (
        <TemporaryMark begun={sessionId !== null} />
      ) : (
        <SessionTitle key={sessionId} sessionId={sessionId} />
      )}
      <div
        className={classNames("flex min-w-0 shrink-0 items-center", sessionId !== null && "max-[480px]:max-w-[52%]")}
      >
        <ModelPicker />
        {sessionId === null && !temporary && (
          <IconButton
            label={text("composer.temporary")}
            data-testid="temporary"
            icon={<MessageCircleDashed size={18} strokeWidth={1.75} aria-hidden />}
            onClick={() => void navigate("/temporary")}
          />
        )}
        {sessionId !== null && !temporary && <SessionMenu sessionId={sessionId} />}
        {drawer && !temporary && (
          <IconButton
            label={text("sidebar.new_chat")}
            icon={<SquarePen size={18} strokeWidth={1.75} aria-hidden />}
            onClick={() => void navigate("/")}
          />
        )}
      </div>
    </header>
  );
}

/** Says at all times that nothing is kept, and ends it. */
function TemporaryMark({ begun }: { readonly begun: boolean }) {
  const text = useText();
  const navigate = useNavigate();
  // Before the first message the page has a heading of its own.
  const Mark = begun ? "h1" : "p";
  return (
    <div className="flex min-w-0 flex-1 items-center gap-1">
      <Mark
        data-testid="temporary-mark"
        className="flex h-8 min-w-0 items-center gap-2 rounded-full border border-dashed border-line-strong px-3 text-side text-soft"
      >
        <MessageCircleDashed size={15} className="shrink-0 text-accent" aria-hidden />
        <span className="truncate">{text("composer.temporary")}</span>
      </Mark>
      <IconButton
        label={text("composer.end_temporary")}
        icon={<X size={17} aria-hidden />}
        onClick={() => void navigate("/")}
      />
    </div>
  );
}

function SessionTitle({ sessionId }: { readonly sessionId: string | null }) {
  const text = useText();
  const service = useService();
  const session = useChat((state) => (sessionId === null ? undefined : state.sessions[sessionId]));
  const [renaming, setRenaming] = useState(false);
  if (session === undefined) return <div className="flex-1" />;
  const rename = (title: string | null) => {
    setRenaming(false);
    if (title !== null) {
      service
        .rename(session.session_id, title)
        .catch((error: unknown) => showFailure(text("sidebar.not_renamed"), error));
    }
  };
  return (
    <div className="min-w-0 flex-1">
      {renaming ? (
        <TitleField title={session.title ?? ""} onDone={rename} className="max-w-md" />
      ) : (
        <h1 className="min-w-0 text-side font-medium">
          <button
            type="button"
            title={text("sidebar.rename")}
            dir="auto"
            className="block max-w-full truncate rounded-small px-2.5 py-1.5 hover:bg-hover touch:min-h-11"
            onClick={() => setRenaming(true)}
          >
            {session.title ?? text("sidebar.new_chat")}
          </button>
        </h1>
      )}
    </div>
  );
}

function SessionMenu({ sessionId }: { readonly sessionId: string }) {
  const text = useText();
  const session = useChat((state) => state.sessions[sessionId]);
  if (session === undefined) return null;
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={text("sidebar.options_here")}
          className="flex size-9 shrink-0 items-center justify-center rounded-small text-soft hover:bg-hover hover:text-ink touch:size-11"
        >
          <Ellipsis size={18} aria-hidden />
        </button>
      }
    >
      <SessionActions session={session} onRename={() => document.querySelector<HTMLElement>("h1 button")?.click()} />
    </Menu>
  );
}
