import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { MessageSquare, TextSearch } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { messageAddress } from "../chat/found-message.ts";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { Group, Item } from "./palette-items.tsx";
import { foundPrefix } from "./palette-rank.ts";

/** Chats listed at most of those that are loaded; the server looks through all there are. */
const listedSessions = 200;
const foundRows = 20;
/** Keys pressed within this time are one question. */
const pauseMs = 140;

/** The chats: those the page has, by their titles, and whatever the server finds in all of them. */
export function Sessions({ search }: { readonly search: string }) {
  const text = useText();
  const navigate = useNavigate();
  const sessions = useChat((state) => state.sessions);
  const removed = useChat((state) => state.removed);
  const listed = useMemo(() => {
    const shown = Object.values(sessions).filter(({ session_id }) => removed[session_id] === undefined);
    return shown.sort((one, other) => (one.updated_at < other.updated_at ? 1 : -1)).slice(0, listedSessions);
  }, [sessions, removed]);
  return (
    <>
      {listed.length > 0 && (
        <Group heading={text("sidebar.chats")}>
          {listed.map(({ session_id, title }) => (
            <Item
              key={session_id}
              id={`session ${session_id}`}
              name={title ?? text("sidebar.new_chat")}
              icon={<MessageSquare size={16} aria-hidden />}
              onSelect={() => void navigate(`/s/${session_id}`)}
            />
          ))}
        </Group>
      )}
      <Found search={search} />
    </>
  );
}

function Found({ search }: { readonly search: string }) {
  const text = useText();
  const navigate = useNavigate();
  const results = useFound(search.trim());
  const removed = useChat((state) => state.removed);
  const shown = results.filter(({ session_id }) => removed[session_id] === undefined);
  if (shown.length === 0) return null;
  return (
    <Group heading={text("sidebar.search_results")}>
      {shown.map(({ session_id, message_id, title, snippet }) => {
        const words = snippet.map((part) => part.text).join("");
        const name = message_id === null ? words : `${title ?? text("sidebar.new_chat")}: ${words}`;
        return (
          <Item
            key={message_id ?? session_id}
            id={`${foundPrefix}${message_id ?? session_id}`}
            name={name}
            icon={<TextSearch size={16} aria-hidden />}
            onSelect={() => void navigate(messageAddress(session_id, message_id))}
          />
        );
      })}
    </Group>
  );
}

function useFound(search: string) {
  const { client } = useService();
  const [query, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(search), pauseMs);
    return () => clearTimeout(timer);
  }, [search]);
  const { data } = useQuery({
    queryKey: ["search", "palette", query],
    enabled: query !== "",
    gcTime: 60_000,
    staleTime: 10_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => client.search(query, { signal, limit: foundRows }),
  });
  return query === "" || search === "" ? [] : (data?.results ?? []);
}
