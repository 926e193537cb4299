import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { SearchPage, SearchResult, SnippetPart } from "@uci/protocol";
import { Link } from "react-router";
import { messageAddress } from "../chat/found-message.ts";
import { useService } from "../connection/service-context.ts";
import { useFormats, useText } from "../language/language.ts";
import { closeDrawer } from "../ui/side-bar-state.ts";
import { moveFocus } from "./moving-focus.ts";
import { useToday } from "./today.ts";

/** What was found, as one types. The results before stay until the next are there. */
export function SearchResults({ query }: { readonly query: string }) {
  const text = useText();
  const pages = useSearch(query);
  const results = pages.data?.pages.flatMap((page) => page.results) ?? [];
  if (pages.isError) {
    return (
      <p className="px-2.5 pt-4 text-caption text-soft">
        {text("sidebar.search_failed")}{" "}
        <button type="button" className="font-medium text-accent hover:underline" onClick={() => void pages.refetch()}>
          {text("shell.try_again")}
        </button>
      </p>
    );
  }
  return (
    <nav aria-label={text("sidebar.search_results")} className="flex flex-col gap-0.5 pt-2 pb-4" onKeyDown={moveFocus}>
      <p role="status" className="px-2.5 pt-2 text-caption text-faint empty:hidden">
        {results.length === 0 &&
          !pages.isPending &&
          !pages.isPlaceholderData &&
          text("sidebar.search_nothing", { query })}
      </p>
      {results.map((result) => (
        <Result key={result.message_id ?? result.session_id} result={result} />
      ))}
      {pages.hasNextPage && (
        <button
          type="button"
          className="min-h-9 rounded-small px-2.5 text-start text-caption font-medium text-accent hover:bg-hover touch:min-h-11"
          onClick={() => void pages.fetchNextPage()}
        >
          {text("sidebar.search_more")}
        </button>
      )}
    </nav>
  );
}

function useSearch(query: string) {
  const { client } = useService();
  return useInfiniteQuery({
    queryKey: ["search", query],
    initialPageParam: "",
    gcTime: 60_000,
    staleTime: 10_000,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }): Promise<SearchPage> =>
      client.search(query, pageParam === "" ? { signal } : { signal, cursor: pageParam }),
    getNextPageParam: (page) => page.next_cursor,
  });
}

function Result({ result }: { readonly result: SearchResult }) {
  const text = useText();
  const formats = useFormats();
  const today = useToday();
  const { session_id, title, message_id, snippet, created_at } = result;
  return (
    <Link
      to={messageAddress(session_id, message_id)}
      data-testid="search-result"
      data-roving
      onClick={closeDrawer}
      className="block rounded-small px-2.5 py-1.5 hover:bg-hover touch:py-2.5"
    >
      <span className="flex items-baseline gap-2">
        <span className="min-w-0 flex-1 truncate font-medium" dir="auto">
          {message_id === null ? <Marked parts={snippet} /> : (title ?? text("sidebar.new_chat"))}
        </span>
        <time dateTime={created_at} className="shrink-0 text-caption text-faint">
          {formats.day(new Date(created_at), today)}
        </time>
      </span>
      {message_id !== null && (
        <span className="mt-0.5 line-clamp-2 text-caption text-soft" dir="auto">
          <Marked parts={snippet} />
        </span>
      )}
    </Link>
  );
}

function Marked({ parts }: { readonly parts: readonly SnippetPart[] }) {
  return parts.map(({ text, match }, index) =>
    match ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text, which never change places
      <mark key={index} className="rounded-[3px] bg-mark text-ink">
        {text}
      </mark>
    ) : (
      text
    ),
  );
}
