import type { Session } from "@uci/protocol";
import {
  Archive,
  ArchiveRestore,
  Download,
  Folder,
  FolderPlus,
  Pencil,
  Pin,
  PinOff,
  Share2,
  SlidersHorizontal,
  Trash2,
} from "lucide-react";
import { useNavigate } from "react-router";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { openSessionSettings } from "../settings/session-settings-state.ts";
import { MenuChoice, MenuChoices, MenuItem, MenuLine, SubMenu } from "../ui/menu.tsx";
import { showFailure, showNotice } from "../ui/notice.tsx";
import { downloadSession } from "./download.ts";
import { beginFolder, useFolderActions } from "./folder-actions.ts";
import { removeSession } from "./removing.ts";
import { openShare } from "./share-state.ts";
import { useFolders } from "./use-sessions.ts";

const size = 16;
const noFolder = "";

/** Everything that can be done with a chat; the same in the list and in the header. */
export function SessionActions({ session, onRename }: { readonly session: Session; readonly onRename: () => void }) {
  const text = useText();
  const service = useService();
  const navigate = useNavigate();
  const { session_id, pinned, archived } = session;
  const failed = (error: unknown) => showFailure(text("sidebar.not_changed"), error);
  const archive = (value: boolean) => {
    service.update(session_id, { archived: value }).catch(failed);
    if (!value) return;
    const run = () => void service.update(session_id, { archived: false }).catch(failed);
    showNotice(text("sidebar.archived_notice"), { label: text("shell.undo"), run });
    if (useChat.getState().currentSessionId === session_id) void navigate("/");
  };
  const remove = () => {
    removeSession(service, session_id);
    if (useChat.getState().currentSessionId === session_id) void navigate("/");
  };
  return (
    <>
      <MenuItem
        icon={pinned ? <PinOff size={size} aria-hidden /> : <Pin size={size} aria-hidden />}
        onSelect={() => void service.update(session_id, { pinned: !pinned }).catch(failed)}
      >
        {text(pinned ? "sidebar.unpin" : "sidebar.pin")}
      </MenuItem>
      <MenuItem icon={<Pencil size={size} aria-hidden />} onSelect={onRename}>
        {text("sidebar.rename")}
      </MenuItem>
      <FolderChoice session={session} />
      <MenuItem icon={<SlidersHorizontal size={size} aria-hidden />} onSelect={() => openSessionSettings(session_id)}>
        {text("settings.session")}
      </MenuItem>
      <MenuLine />
      <MenuItem icon={<Share2 size={size} aria-hidden />} onSelect={() => openShare(session_id)}>
        {text("sidebar.share")}
      </MenuItem>
      <SubMenu label={text("sidebar.export")} icon={<Download size={size} aria-hidden />}>
        <MenuItem onSelect={() => downloadSession(session_id, "markdown")}>{text("sidebar.export_markdown")}</MenuItem>
        <MenuItem onSelect={() => downloadSession(session_id, "json")}>{text("sidebar.export_json")}</MenuItem>
      </SubMenu>
      <MenuLine />
      <MenuItem
        icon={archived ? <ArchiveRestore size={size} aria-hidden /> : <Archive size={size} aria-hidden />}
        onSelect={() => archive(!archived)}
      >
        {text(archived ? "sidebar.unarchive" : "sidebar.archive")}
      </MenuItem>
      <MenuItem icon={<Trash2 size={size} aria-hidden />} danger onSelect={remove}>
        {text("sidebar.delete")}
      </MenuItem>
    </>
  );
}

function FolderChoice({ session }: { readonly session: Session }) {
  const text = useText();
  const { data: folders = [] } = useFolders(true);
  const { move } = useFolderActions();
  const { session_id, folder_id } = session;
  return (
    <SubMenu label={text("sidebar.move")} icon={<Folder size={size} aria-hidden />}>
      <MenuChoices
        value={folder_id ?? noFolder}
        onChange={(next) => next !== (folder_id ?? noFolder) && move(session_id, next === noFolder ? null : next)}
      >
        {folders.map(({ folder_id: id, name }) => (
          <MenuChoice key={id} value={id}>
            {name}
          </MenuChoice>
        ))}
        {folder_id !== null && <MenuChoice value={noFolder}>{text("sidebar.no_folder")}</MenuChoice>}
      </MenuChoices>
      {folders.length > 0 && <MenuLine />}
      <MenuItem icon={<FolderPlus size={size} aria-hidden />} onSelect={() => beginFolder(session_id)}>
        {text("sidebar.new_folder")}
      </MenuItem>
    </SubMenu>
  );
}
