import type {
  AccountState,
  Attachment,
  ChangePassword,
  ChatAccepted,
  ChatRequest,
  DeviceList,
  ImportResult,
  Message,
  MessagePage,
  ModelList,
  Rating,
  RegenerateRequest,
  Session,
  SessionPage,
  SignIn,
  SignUp,
  StopResponse,
  UpdateSession,
} from "@uci/protocol";
import type { CallOptions, PageOptions, SendOptions } from "./call-options.ts";
import { addressOf, Caller, type ConnectionOptions } from "./caller.ts";
import { folderCalls, preferenceCalls, promptCalls, searchCall, shareCalls } from "./collection-calls.ts";
import { type Environment, environmentWith } from "./environment.ts";
import { newIdempotencyKey } from "./identifier.ts";
import { clientLimits } from "./limits.ts";
import { type AnswerStream, openStream, type StreamOptions } from "./open-stream.ts";
import { openSharedStream } from "./sharing/shared-stream.ts";
import { browserTabs, type TabWorld } from "./sharing/tab-world.ts";
import { sseLinks } from "./stream-link.ts";

export type ClientOptions = ConnectionOptions & {
  readonly fetch?: Environment["fetch"];
  /** Parts of the outside world to replace; for tests. */
  readonly environment?: Partial<Environment>;
};

export type SharedStreamOptions = Pick<StreamOptions, "sessionIds" | "onEvent" | "silenceMs"> & {
  /** Tabs with the same one share; another caller needs another one. */
  readonly scope: string;
  /** What tabs need of the browser; for tests. */
  readonly tabs?: TabWorld;
};

/** Which sessions: those not archived unless told otherwise. */
export type SessionListOptions = PageOptions & {
  readonly archived?: boolean;
  readonly pinned?: boolean;
  readonly folder_id?: string;
};
export type SessionChange = Omit<UpdateSession, "user_id">;

/** Every route of the server as a typed call. Each throws an `ApiError` when it does not succeed. */
export type Client = ReturnType<typeof createClient>;

/** A client of one server for one caller. Makes no request by itself. */
export function createClient(options: ClientOptions) {
  const environment = environmentWith({
    ...options.environment,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  const caller = new Caller(options, environment);
  return {
    /** Sends a message. Repeated under one key on network failures and 5xx, so it is done once or not at all. */
    chat: (request: ChatRequest, { signal, idempotencyKey = newIdempotencyKey() }: SendOptions = {}) =>
      caller.call<ChatAccepted>({
        method: "POST",
        path: "/api/chat",
        body: request,
        idempotencyKey,
        repeatable: true,
        signal,
      }),
    sessions: sessionCalls(caller),
    messages: messageCalls(caller),
    attachments: attachmentCalls(caller, options),
    /** Providers and models that are configured now. */
    models: ({ signal }: CallOptions = {}) => caller.call<ModelList>({ method: "GET", path: "/api/models", signal }),
    account: accountCalls(caller),
    folders: folderCalls(caller),
    prompts: promptCalls(caller),
    preferences: preferenceCalls(caller),
    shares: shareCalls(caller),
    search: searchCall(caller),
    /** Takes in an export of this system or ChatGPT's `conversations.json`, as it was read; the same again changes nothing. */
    importFile: (file: unknown, { signal }: CallOptions = {}) =>
      caller.call<ImportResult>({
        method: "POST",
        path: "/api/import",
        body: file,
        signal,
        timeoutMs: clientLimits.importTimeoutMs,
      }),
    /** The live stream, on this client's server and for its caller. */
    openStream: (stream: Omit<StreamOptions, keyof ConnectionOptions | "environment">): AnswerStream =>
      openStream({ ...stream, ...connectionOf(options), environment }),
    /**
     * The same with one connection for all tabs of a browser that give the same scope, such as the caller's id; null
     * where tabs cannot share (plain HTTP: no Web Locks).
     */
    openSharedStream: (stream: SharedStreamOptions): AnswerStream | null => {
      const tabs = stream.tabs ?? browserTabs();
      if (tabs === null) return null;
      return openSharedStream(
        stream,
        tabs,
        environment,
        sseLinks(connectionOf(options), environment, stream.silenceMs),
      );
    },
  };
}

function connectionOf({ baseUrl, userId, headers, credentials }: ConnectionOptions): ConnectionOptions {
  return { baseUrl, userId, headers, credentials };
}

function sessionCalls(caller: Caller) {
  const pathOf = (sessionId: string) => `/api/sessions/${encodeURIComponent(sessionId)}`;
  return {
    /** Newest activity first. */
    list: ({ signal, ...query }: SessionListOptions = {}) =>
      caller.call<SessionPage>({ method: "GET", path: "/api/sessions", query, signal }),
    create: (session: { session_id?: string; title?: string } = {}, { signal }: CallOptions = {}) =>
      caller.call<Session>({ method: "POST", path: "/api/sessions", body: session, signal }),
    find: (sessionId: string, { signal }: CallOptions = {}) =>
      caller.call<Session>({ method: "GET", path: pathOf(sessionId), signal }),
    /** Changes what is named: title, pinned, archived, folder, settings. */
    update: (sessionId: string, change: SessionChange, { signal }: CallOptions = {}) =>
      caller.call<Session>({ method: "PATCH", path: pathOf(sessionId), body: change, repeatable: true, signal }),
    rename: (sessionId: string, title: string, { signal }: CallOptions = {}) =>
      caller.call<Session>({ method: "PATCH", path: pathOf(sessionId), body: { title }, repeatable: true, signal }),
    /** Deletes it with its messages, for good. */
    remove: (sessionId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({ method: "DELETE", path: pathOf(sessionId), signal }),
    /** A new session with a copy of the way to this answer. */
    branch: (sessionId: string, messageId: string, { signal }: CallOptions = {}) =>
      caller.call<Session>({
        method: "POST",
        path: `${pathOf(sessionId)}/branch`,
        body: { message_id: messageId },
        signal,
      }),
    /** Its messages, newest first. */
    messages: (sessionId: string, { signal, cursor, limit }: PageOptions = {}) =>
      caller.call<MessagePage>({
        method: "GET",
        path: `${pathOf(sessionId)}/messages`,
        query: { cursor, limit },
        signal,
      }),
  };
}

function attachmentCalls(caller: Caller, connection: ConnectionOptions) {
  const pathOf = (attachmentId: string) => `/api/attachments/${encodeURIComponent(attachmentId)}`;
  return {
    /** Uploads an image or a text, to go with a message by its id within a day. */
    upload: (data: Blob, name: string, mediaType: string, { signal }: CallOptions = {}) =>
      caller.call<Attachment>({
        method: "POST",
        path: "/api/attachments",
        file: { data, name, mediaType },
        signal,
        timeoutMs: clientLimits.uploadTimeoutMs,
      }),
    /** Where its bytes are, for whoever uploaded it. */
    addressOf: (attachmentId: string) => addressOf(connection, pathOf(attachmentId), new URLSearchParams()),
    /** Takes back one that no message has. */
    remove: (attachmentId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({ method: "DELETE", path: pathOf(attachmentId), signal }),
  };
}

function messageCalls(caller: Caller) {
  const pathOf = (messageId: string) => `/api/messages/${encodeURIComponent(messageId)}`;
  const again = (path: string, body: RegenerateRequest, options: SendOptions) => {
    const { signal, idempotencyKey = newIdempotencyKey() } = options;
    return caller.call<ChatAccepted>({ method: "POST", path, body, idempotencyKey, repeatable: true, signal });
  };
  return {
    /** Ends an answer that is being written; what is there stays. */
    stop: (messageId: string, { signal }: CallOptions = {}) =>
      caller.call<StopResponse>({ method: "POST", path: `${pathOf(messageId)}/stop`, repeatable: true, signal }),
    /** Removes the texts of an answer of a temporary chat: the caller has them. */
    forget: (messageId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({ method: "POST", path: `${pathOf(messageId)}/forget`, repeatable: true, signal }),
    /** Another answer beside this one. */
    regenerate: (messageId: string, request: RegenerateRequest = {}, options: SendOptions = {}) =>
      again(`${pathOf(messageId)}/regenerate`, request, options),
    /** Another answer that goes on where this one, stopped, broken off or failed, ends. */
    continue: (messageId: string, request: RegenerateRequest = {}, options: SendOptions = {}) =>
      again(`${pathOf(messageId)}/continue`, request, options),
    /** Keeps another text for an answer, beside it; nobody is asked for one. */
    edit: (messageId: string, content: string, { signal }: CallOptions = {}) =>
      caller.call<Message>({ method: "POST", path: `${pathOf(messageId)}/edit`, body: { content }, signal }),
    /** Keeps what the reader thinks of an answer; null takes it back. */
    rate: (messageId: string, rating: Rating | null, { signal }: CallOptions = {}) =>
      caller.call<Message>({
        method: "PUT",
        path: `${pathOf(messageId)}/rating`,
        body: { rating },
        repeatable: true,
        signal,
      }),
    /** Deletes a message and everything that follows it, for good. */
    remove: (messageId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({ method: "DELETE", path: pathOf(messageId), signal }),
  };
}

function accountCalls(caller: Caller) {
  const post = (path: string, body: unknown, signal: AbortSignal | undefined) =>
    caller.call<AccountState>({ method: "POST", path: `/api/auth/${path}`, body, signal });
  return {
    state: ({ signal }: CallOptions = {}) =>
      caller.call<AccountState>({ method: "GET", path: "/api/auth/state", signal }),
    signUp: (request: SignUp, { signal }: CallOptions = {}) => post("sign-up", request, signal),
    signIn: (request: SignIn, { signal }: CallOptions = {}) => post("sign-in", request, signal),
    signOut: ({ signal }: CallOptions = {}) => post("sign-out", {}, signal),
    /** Starts without an account; what is written moves over when one is made. */
    guest: ({ signal }: CallOptions = {}) => post("guest", {}, signal),
    rename: (name: string, { signal }: CallOptions = {}) =>
      caller.call<AccountState>({ method: "PATCH", path: "/api/account", body: { name }, signal }),
    /** Signs every other device out. */
    changePassword: (request: ChangePassword, { signal }: CallOptions = {}) =>
      caller.call<AccountState>({ method: "POST", path: "/api/account/password", body: request, signal }),
    devices: ({ signal }: CallOptions = {}) =>
      caller.call<DeviceList>({ method: "GET", path: "/api/account/devices", signal }),
    signOutDevice: (deviceId: string, { signal }: CallOptions = {}) =>
      caller.call<undefined>({
        method: "DELETE",
        path: `/api/account/devices/${encodeURIComponent(deviceId)}`,
        signal,
      }),
    /** Deletes the account and everything in it. `confirm`: its address, or "delete" for a guest's. */
    remove: (request: { confirm: string; password?: string }, { signal }: CallOptions = {}) =>
      caller.call<AccountState>({ method: "DELETE", path: "/api/account", body: request, signal }),
  };
}
