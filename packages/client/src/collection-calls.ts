import type {
  Folder,
  FolderPage,
  Preferences,
  Prompt,
  PromptPage,
  SearchPage,
  Share,
  SharedBranch,
  SharePage,
} from "@uci/protocol";
import type { CallOptions, PageOptions } from "./call-options.ts";
import type { Caller } from "./caller.ts";

type PreferenceChange = { readonly [Name in keyof Preferences]?: Preferences[Name] };

/** Folders; another user's are as if they were not there. */
export function folderCalls(caller: Caller) {
  const pathOf = (folderId: string) => `/api/folders/${encodeURIComponent(folderId)}`;
  return {
    list: ({ signal, cursor, limit }: PageOptions = {}) =>
      caller.call<FolderPage>({ method: "GET", path: "/api/folders", query: { cursor, limit }, signal }),
    create: (name: string, { signal }: CallOptions = {}) =>
      caller.call<Folder>({ method: "POST", path: "/api/folders", body: { name }, signal }),
    rename: (folderId: string, name: string, { signal }: CallOptions = {}) =>
      caller.call<Folder>({ method: "PATCH", path: pathOf(folderId), body: { name }, repeatable: true, signal }),
    /** Its sessions stay. */
    remove: (folderId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({ method: "DELETE", path: pathOf(folderId), signal }),
  };
}

/** Texts kept to be used again. */
export function promptCalls(caller: Caller) {
  const pathOf = (promptId: string) => `/api/prompts/${encodeURIComponent(promptId)}`;
  return {
    list: ({ signal, cursor, limit }: PageOptions = {}) =>
      caller.call<PromptPage>({ method: "GET", path: "/api/prompts", query: { cursor, limit }, signal }),
    create: (prompt: { name: string; text: string }, { signal }: CallOptions = {}) =>
      caller.call<Prompt>({ method: "POST", path: "/api/prompts", body: prompt, signal }),
    update: (promptId: string, change: { name?: string; text?: string }, { signal }: CallOptions = {}) =>
      caller.call<Prompt>({ method: "PATCH", path: pathOf(promptId), body: change, repeatable: true, signal }),
    remove: (promptId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({ method: "DELETE", path: pathOf(promptId), signal }),
  };
}

/** What the caller has chosen for all sessions. */
export function preferenceCalls(caller: Caller) {
  return {
    find: ({ signal }: CallOptions = {}) => caller.call<Preferences>({ method: "GET", path: "/api/settings", signal }),
    /** What is not named stays; null takes a choice back. */
    change: (change: PreferenceChange, { signal }: CallOptions = {}) =>
      caller.call<Preferences>({ method: "PUT", path: "/api/settings", body: change, repeatable: true, signal }),
  };
}

/** Full text of everything the caller has, newest first. */
export function searchCall(caller: Caller) {
  return (query: string, { signal, cursor, limit }: PageOptions = {}) =>
    caller.call<SearchPage>({ method: "GET", path: "/api/search", query: { q: query, cursor, limit }, signal });
}

/** Frozen branches for anybody with their address. */
export function shareCalls(caller: Caller) {
  const pathOf = (shareId: string) => `/api/shares/${encodeURIComponent(shareId)}`;
  const ofSession = (sessionId: string) => `/api/sessions/${encodeURIComponent(sessionId)}/shares`;
  return {
    /** Freezes the branch that ends at a message; without one, at the newest. */
    create: (sessionId: string, messageId?: string, { signal }: CallOptions = {}) => {
      const body = messageId === undefined ? {} : { message_id: messageId };
      return caller.call<Share>({ method: "POST", path: ofSession(sessionId), body, signal });
    },
    list: (sessionId: string, { signal, cursor, limit }: PageOptions = {}) =>
      caller.call<SharePage>({ method: "GET", path: ofSession(sessionId), query: { cursor, limit }, signal }),
    /** Revokes it: its address leads nowhere from then on. */
    remove: (shareId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({ method: "DELETE", path: pathOf(shareId), signal }),
    read: (shareId: string, { signal }: CallOptions = {}) =>
      caller.call<SharedBranch>({ method: "GET", path: pathOf(shareId), signal }),
  };
}
