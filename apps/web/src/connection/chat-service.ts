import type { QueryClient } from "@tanstack/react-query";
import { type AnswerStream, ApiError, type Client, type ClientEvent, newIdempotencyKey } from "@uci/client";
import type { ChatRequest, Message } from "@uci/protocol";
import { activePath } from "../chat/path.ts";
import { keepPath, recallPath } from "./paths.ts";
import { emptyThread, initialState, isUnfinished, type UnsentMessage } from "./state.ts";
import { change, take, useChat } from "./store.ts";
import {
  applyAccepted,
  applyMessages,
  applyRegenerated,
  selectMessage,
  withoutSession,
  withoutThread,
  withoutUnsent,
  withUnsent,
} from "./transitions.ts";
import { afterFailure, keepUnsent, nextUnsent, recallUnsent } from "./unsent.ts";

/** Sessions one connection may follow. */
const followedSessions = 8;
/** While something waits to be sent, it is tried again this often even if the stream does not come back. */
const unsentRetryMs = 5_000;

export const queryKeys = {
  account: ["account"],
  models: ["models"],
  sessions: ["sessions"],
  messages: (sessionId: string) => ["messages", sessionId],
} as const;

export type ModelChoice = Pick<ChatRequest, "ai_provider" | "model">;

/** What the page does: sends, stops, chooses, and keeps the stream on the sessions that matter. */
export class ChatService {
  readonly client: Client;
  readonly #queries: QueryClient;
  #userId: string | null = null;
  #stream: AnswerStream | null = null;
  /** Sessions known to be the caller's, most recently shown last. */
  #known: string[] = [];
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, queries: QueryClient) {
    this.client = client;
    this.#queries = queries;
    useChat.subscribe((state, before) => {
      if (state.unsent !== before.unsent) keepUnsent(state.unsent);
    });
    queries.getQueryCache().subscribe(({ type, query }) => {
      const [kind, sessionId] = query.queryKey as readonly string[];
      // What nobody has looked at for a while is given back; the query's own clock decides.
      if (type === "removed" && kind === "messages" && sessionId !== undefined) this.#release(sessionId);
    });
  }

  /**
   * Says who is signed in. Opens the stream at first; for the same one again, found out anew after a refusal, connects
   * again. For another one nothing that was shown may stay, save, with `samePerson`, what has not been sent yet.
   */
  signedInAs(userId: string, samePerson = true): void {
    const before = this.#userId;
    this.#userId = userId;
    if (before === null) this.#start();
    else if (before !== userId) this.#restart(samePerson);
    else if (useChat.getState().connection.state === "refused") this.reconnect();
  }

  #start(): void {
    for (const message of recallUnsent()) {
      change((state) => withUnsent(state, message));
      // A session that may not have come to be yet: asking for its history would find nothing.
      if (message.request?.parent_message_id === null) this.begin(message.sessionId);
    }
    this.#stream = this.client.openStream({ sessionIds: this.#followed(), onEvent: (event) => this.#hear(event) });
    this.#sendAll();
  }

  #restart(samePerson: boolean): void {
    this.#stream?.close();
    this.#known = [];
    change(({ currentSessionId, unsent }) => {
      return { ...initialState, currentSessionId, unsent: samePerson ? unsent : {} };
    });
    this.#queries.removeQueries({ queryKey: ["messages"] });
    void this.#queries.resetQueries({ queryKey: queryKeys.sessions });
    this.#start();
  }

  /** Tries to connect at once. */
  reconnect(): void {
    this.#stream?.reconnect();
  }

  /** Says which session is on the page; null: none. */
  show(sessionId: string | null): void {
    change((state) => {
      const { [sessionId ?? ""]: _seen, ...unseen } = state.unseen;
      return { ...state, currentSessionId: sessionId, unseen };
    });
    this.#follow();
  }

  /** Takes in rows of history, which also proves that the session is the caller's. */
  takeMessages(sessionId: string, rows: readonly Message[]): void {
    change((state) => {
      const thread = state.threads[sessionId] ?? { messages: {}, selected: recallPath(sessionId) };
      return applyMessages({ ...state, threads: { ...state.threads, [sessionId]: thread } }, sessionId, rows);
    });
    for (const row of rows) if (isUnfinished(row.status)) this.#stream?.track(row.message_id, sessionId);
    this.#know(sessionId);
    this.#sendNext(sessionId);
  }

  /** Begins a session that exists on this page alone until its first message is accepted. */
  begin(sessionId: string): void {
    change((state) => ({ ...state, threads: { [sessionId]: emptyThread, ...state.threads } }));
    this.#know(sessionId);
  }

  send(sessionId: string, text: string, model: ModelChoice, parentMessageId?: string | null): void {
    const key = newIdempotencyKey();
    const message: UnsentMessage = {
      key,
      sessionId,
      text,
      parentMessageId,
      model,
      request: null,
      state: "queued",
      problem: null,
    };
    this.#note(message);
    this.#sendNext(sessionId);
  }

  /** Tries an unsent message again that the server had refused. */
  sendAgain(message: UnsentMessage): void {
    this.#note({ ...message, key: newIdempotencyKey(), state: "queued", request: null, problem: null }, message.key);
    this.#sendNext(message.sessionId);
  }

  /** Takes an unsent message back. */
  takeBack(message: UnsentMessage): void {
    change((state) => withoutUnsent(state, message.sessionId, message.key));
    this.#sendNext(message.sessionId);
  }

  async stop(messageId: string): Promise<void> {
    await this.client.messages.stop(messageId);
  }

  /** Asks for another answer beside this one and shows it. */
  async regenerate(answer: Message, model: ModelChoice): Promise<void> {
    const accepted = await this.client.messages.regenerate(answer.message_id, model);
    change((state) => applyRegenerated(state, answer, accepted));
    this.#stream?.track(accepted.message_id, accepted.session_id);
    this.#know(accepted.session_id);
  }

  /** Shows this one of its siblings, now and after a reload. */
  select(message: Message): void {
    change((state) => selectMessage(state, message.session_id, message));
    keepPath(message.session_id, useChat.getState().threads[message.session_id]?.selected ?? {});
  }

  async rename(sessionId: string, title: string): Promise<void> {
    const before = useChat.getState().sessions[sessionId];
    if (before === undefined) return;
    const put = (session: typeof before) =>
      change((state) => ({ ...state, sessions: { ...state.sessions, [sessionId]: session } }));
    put({ ...before, title });
    try {
      put(await this.client.sessions.rename(sessionId, title));
    } catch (error) {
      put(before);
      throw error;
    }
  }

  /** Deletes for good. Throws when the server could not do it; the session is back then. */
  async remove(sessionId: string): Promise<void> {
    try {
      await this.client.sessions.remove(sessionId);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
    change((state) => withoutSession(state, sessionId));
    this.#forget(sessionId);
  }

  #hear(event: ClientEvent): void {
    take(event);
    switch (event.type) {
      case "connection":
        if (event.state === "refused") void this.#refused(event.error);
        return;
      case "ready":
        // What happened while there was no connection was told to nobody.
        void this.#queries.invalidateQueries({ queryKey: queryKeys.sessions });
        void this.#queries.invalidateQueries({ queryKey: ["messages"] });
        this.#sendAll();
        return;
      case "message_created":
        this.#follow();
        return;
      case "answer_ended":
        this.#sendNext(event.sessionId);
        this.#follow();
        return;
      case "answer_unverified":
        void this.#queries.invalidateQueries({ queryKey: queryKeys.messages(event.sessionId) });
        return;
      case "session_updated":
        if (event.change === "deleted") this.#forget(event.session_id);
        return;
      default:
    }
  }

  async #refused(error: ApiError | null): Promise<void> {
    if (error?.status === 401) {
      await this.#queries.invalidateQueries({ queryKey: queryKeys.account });
      return;
    }
    // One of the sessions is gone. Whichever still is there goes on.
    const lost = await Promise.all(this.#followed().map(async (id) => ((await this.#exists(id)) ? null : id)));
    for (const sessionId of lost) if (sessionId !== null) this.#forget(sessionId);
  }

  async #exists(sessionId: string): Promise<boolean> {
    try {
      await this.client.sessions.find(sessionId);
      return true;
    } catch (error) {
      return !(error instanceof ApiError && error.status === 404);
    }
  }

  #note(message: UnsentMessage, instead?: string): void {
    change((state) => {
      const rest = instead === undefined ? state : withoutUnsent(state, message.sessionId, instead);
      return withUnsent(rest, message);
    });
  }

  #sendAll(): void {
    for (const sessionId of Object.keys(useChat.getState().unsent)) this.#sendNext(sessionId);
  }

  #sendNext(sessionId: string): void {
    const state = useChat.getState();
    const thread = state.threads[sessionId] ?? emptyThread;
    if (this.#stream === null) return;
    const leaf = activePath(thread).at(-1)?.message.message_id ?? null;
    const next = nextUnsent(state.unsent[sessionId] ?? [], thread, leaf);
    // Which message is last is known once the session has been read.
    if (next === null || (next.request === null && !(sessionId in state.threads))) return;
    void this.#sendNow(next, leaf);
  }

  async #sendNow(message: UnsentMessage, leafMessageId: string | null): Promise<void> {
    const { sessionId, text, model, parentMessageId } = message;
    const request: ChatRequest = message.request ?? {
      session_id: sessionId,
      message: text,
      parent_message_id: parentMessageId === undefined ? leafMessageId : parentMessageId,
      ...model,
    };
    const sending: UnsentMessage = { ...message, request, state: "sending", problem: null };
    this.#note(sending);
    const stream = this.#stream;
    try {
      const accepted = await this.client.chat(request, { idempotencyKey: message.key });
      if (this.#stream !== stream) return;
      change((state) => applyAccepted(state, sending, accepted));
      this.#stream?.track(accepted.message_id, sessionId);
      this.#sendNext(sessionId);
    } catch (error) {
      // Taken back in the meantime, or told of by the stream already: nothing waits for it any more.
      const wanted = useChat.getState().unsent[sessionId]?.some(({ key }) => key === message.key) ?? false;
      if (wanted) this.#note(afterFailure(sending, error));
      this.#retryLater(error);
    }
  }

  #retryLater(error: unknown): void {
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#sendAll(), Math.max(unsentRetryMs, askedMs));
  }

  #know(sessionId: string): void {
    this.#known = [...this.#known.filter((known) => known !== sessionId), sessionId];
    this.#follow();
  }

  #forget(sessionId: string): void {
    this.#known = this.#known.filter((known) => known !== sessionId);
    this.#stream?.forgetSession(sessionId);
    this.#follow();
  }

  #release(sessionId: string): void {
    if (useChat.getState().currentSessionId === sessionId) return;
    change((state) => withoutThread(state, sessionId));
    this.#follow();
  }

  #follow(): void {
    this.#stream?.setSessions(this.#followed());
  }

  /** The shown session, then those in which something is being written, the most recent first. */
  #followed(): string[] {
    const { currentSessionId, threads, live } = useChat.getState();
    const busy = (sessionId: string) =>
      Object.keys(threads[sessionId]?.messages ?? {}).some((messageId) => live[messageId] !== undefined);
    const wanted = this.#known.toReversed().filter((id) => id === currentSessionId || busy(id));
    return wanted.sort((one) => (one === currentSessionId ? -1 : 0)).slice(0, followedSessions);
  }
}
