import { QueryClient, queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ApiError, type Client } from "@uci/client";
import type { ModelList } from "@uci/protocol";
import { queryKeys } from "./chat-service.ts";
import { useService } from "./service-context.ts";
import { change, useChat } from "./store.ts";
import { applySessions } from "./transitions.ts";

const sessionRows = 40;
const messageRows = 60;

/** One query client for the page. What it fetches is folded into the store; it keeps cursors and states of loading. */
export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 3 && (!(error instanceof ApiError) || error.retryable),
        // Said by the browser, "offline" is no reason not to ask a server on this very machine.
        networkMode: "always",
      },
    },
  });
}

/** The list of sessions, page by page, newest first. */
export function useSessionPages(enabled: boolean) {
  const { client } = useService();
  return useInfiniteQuery({
    queryKey: queryKeys.sessions,
    enabled,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const options =
        pageParam === "" ? { signal, limit: sessionRows } : { signal, limit: sessionRows, cursor: pageParam };
      const page = await client.sessions.list(options);
      change((state) => applySessions(state, page.sessions));
      return page.next_cursor;
    },
    getNextPageParam: (next) => next,
  });
}

/** History of a session, the end of the conversation first. */
export function useMessagePages(sessionId: string, enabled: boolean) {
  const service = useService();
  return useInfiniteQuery({
    queryKey: queryKeys.messages(sessionId),
    enabled,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const options =
        pageParam === "" ? { signal, limit: messageRows } : { signal, limit: messageRows, cursor: pageParam };
      const page = await service.client.sessions.messages(sessionId, options);
      service.takeMessages(sessionId, page.messages);
      return page.next_cursor;
    },
    getNextPageParam: (next) => next,
  });
}

/** Whether a session is not there, or not the caller's. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** The session of a page that was opened by its address and is not in the part of the list that is loaded. */
export function useSession(sessionId: string | null, enabled: boolean) {
  const { client } = useService();
  const known = useChat((state) => sessionId !== null && state.sessions[sessionId] !== undefined);
  return useQuery({
    queryKey: ["session", sessionId],
    enabled: enabled && sessionId !== null && !known,
    queryFn: async ({ signal }) => {
      const session = await client.sessions.find(sessionId ?? "", { signal });
      change((state) => applySessions(state, [session]));
      return session.session_id;
    },
  });
}

/** Providers and models that are configured. */
export function useModels(enabled: boolean) {
  const { client } = useService();
  return useQuery({ ...modelsQuery(client), enabled });
}

export function modelsQuery(client: Client) {
  return queryOptions<ModelList>({
    queryKey: queryKeys.models,
    staleTime: 5 * 60 * 1000,
    queryFn: ({ signal }) => client.models({ signal }),
  });
}
