import type { Folder, Session } from "@uci/protocol";
import { ChevronRight, Ellipsis, Folder as FolderIcon, Pencil, Trash2 } from "lucide-react";
import { useId, useState } from "react";
import { useText } from "../language/language.ts";
import { classNames } from "../ui/class-names.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { useFolderActions } from "./folder-actions.ts";
import { MoreMark } from "./more-mark.tsx";
import { SessionItem } from "./session-item.tsx";
import { TitleField } from "./title-field.tsx";
import { useSessionPart } from "./use-sessions.ts";

type FolderSectionProps = { readonly folder: Folder; readonly sessions: readonly Session[]; readonly open: boolean };

/** A folder; what is in it is fetched when it is opened. */
export function FolderSection({ folder, sessions, open: openAtFirst }: FolderSectionProps) {
  const text = useText();
  const id = useId();
  const { rename } = useFolderActions();
  const [open, setOpen] = useState(openAtFirst);
  const [renaming, setRenaming] = useState(false);
  const { folder_id, name } = folder;
  const pages = useSessionPart(`folder ${folder_id}`, { folder_id }, open);
  if (renaming) {
    return (
      <div className="px-1">
        <TitleField
          title={name}
          onDone={(next) => {
            setRenaming(false);
            if (next !== null) rename(folder, next);
          }}
        />
      </div>
    );
  }
  return (
    <section aria-label={name} data-testid="folder">
      <div className="group flex h-9 items-center rounded-small hover:bg-hover touch:h-11">
        <button
          type="button"
          data-roving
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
          className="flex h-full min-w-0 flex-1 items-center gap-2 rounded-small px-2.5 text-start"
        >
          <FolderIcon size={16} strokeWidth={1.75} className="shrink-0 text-soft" aria-hidden />
          <span className="truncate" dir="auto">
            {name}
          </span>
          <ChevronRight
            size={14}
            aria-hidden
            className={classNames(
              "shrink-0 text-faint transition-transform duration-150",
              open ? "rotate-90" : "rtl:rotate-180",
            )}
          />
        </button>
        <FolderMenu folder={folder} onRename={() => setRenaming(true)} />
      </div>
      {open && (
        <ul id={id} className="ms-[17px] border-s border-line ps-1.5">
          {sessions.map((session) => (
            <SessionItem key={session.session_id} session={session} />
          ))}
          {sessions.length === 0 && !pages.isPending && (
            <li className="px-2.5 py-2 text-caption text-faint">{text("sidebar.folder_empty")}</li>
          )}
          {pages.hasNextPage && (
            <li>
              <MoreMark onSight={() => void pages.fetchNextPage()} busy={pages.isFetchingNextPage} />
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function FolderMenu({ folder, onRename }: { readonly folder: Folder; readonly onRename: () => void }) {
  const text = useText();
  const { remove } = useFolderActions();
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={text("sidebar.folder_options", { name: folder.name })}
          className="me-1 flex size-7 items-center justify-center rounded-small text-soft opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:text-ink data-[state=open]:opacity-100 touch:size-11 touch:opacity-100"
        >
          <Ellipsis size={16} aria-hidden />
        </button>
      }
    >
      <MenuItem icon={<Pencil size={16} aria-hidden />} onSelect={onRename}>
        {text("sidebar.rename")}
      </MenuItem>
      <MenuItem icon={<Trash2 size={16} aria-hidden />} danger onSelect={() => void remove(folder)}>
        {text("sidebar.folder_delete")}
      </MenuItem>
    </Menu>
  );
}
