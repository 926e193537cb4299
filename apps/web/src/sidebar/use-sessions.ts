import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { SessionListOptions } from "@uci/client";
import type { Folder } from "@uci/protocol";
import { queryKeys } from "../connection/chat-service.ts";
import { useService } from "../connection/service-context.ts";
import { change } from "../connection/store.ts";
import { applySessions } from "../connection/transitions.ts";

const rows = 40;

/** A part of the sessions, page by page: those of a folder, or the archive. They are folded into the store. */
export function useSessionPart(part: string, filter: Omit<SessionListOptions, "signal" | "cursor">, enabled: boolean) {
  const { client } = useService();
  return useInfiniteQuery({
    queryKey: [...queryKeys.sessions, part],
    enabled,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const cursor = pageParam === "" ? {} : { cursor: pageParam };
      const page = await client.sessions.list({ limit: rows, ...filter, ...cursor, signal });
      change((state) => applySessions(state, page.sessions));
      return page.next_cursor;
    },
    getNextPageParam: (next) => next,
  });
}

/** All folders, by name. */
export function useFolders(enabled: boolean) {
  const { client } = useService();
  return useQuery<Folder[]>({
    queryKey: queryKeys.folders,
    enabled,
    queryFn: async ({ signal }) => {
      const folders: Folder[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page = await client.folders.list(cursor === "" ? { signal } : { signal, cursor });
        folders.push(...page.folders);
        cursor = page.next_cursor;
      }
      return folders.sort((one, other) => one.name.localeCompare(other.name));
    },
  });
}
