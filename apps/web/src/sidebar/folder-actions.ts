import { useQueryClient } from "@tanstack/react-query";
import type { Folder } from "@uci/protocol";
import { create } from "zustand";
import { queryKeys } from "../connection/chat-service.ts";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { showFailure, showNotice } from "../ui/notice.tsx";

/** A folder that is being named before it is made; `sessionId` is put into it then. */
export const useNewFolder = create<{ naming: { sessionId: string | null } | null }>(() => ({ naming: null }));

export function beginFolder(sessionId: string | null): void {
  useNewFolder.setState({ naming: { sessionId } });
}

export function endNaming(): void {
  useNewFolder.setState({ naming: null });
}

/** What can be done with folders. Failures are said in a notice. */
export function useFolderActions() {
  const text = useText();
  const service = useService();
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: queryKeys.folders });
  const failed = (error: unknown) => showFailure(text("sidebar.not_changed"), error);
  const make = async (name: string, sessionIds: readonly string[]) => {
    const { folder_id } = await service.client.folders.create(name);
    await refresh();
    for (const sessionId of sessionIds) await service.update(sessionId, { folder_id });
  };
  return {
    create: (name: string, sessionId: string | null) =>
      void make(name, sessionId === null ? [] : [sessionId]).catch(failed),
    rename: (folder: Folder, name: string) =>
      void service.client.folders.rename(folder.folder_id, name).then(refresh).catch(failed),
    move: (sessionId: string, folderId: string | null) =>
      void service.update(sessionId, { folder_id: folderId }).catch(failed),
    /** At once, with its way back: a folder is a name and what is in it. */
    remove: async ({ folder_id, name }: Folder) => {
      const inside = Object.values(useChat.getState().sessions).filter((session) => session.folder_id === folder_id);
      const sessionIds = inside.map(({ session_id }) => session_id);
      try {
        await service.client.folders.remove(folder_id);
        await refresh();
        await queries.invalidateQueries({ queryKey: queryKeys.sessions });
        const run = () => void make(name, sessionIds).catch(failed);
        showNotice(text("sidebar.folder_deleted"), { label: text("shell.undo"), run });
      } catch (error) {
        failed(error);
      }
    },
  };
}
