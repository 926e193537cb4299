import type { QueryClient } from "@tanstack/react-query";
import { type AnswerStream, ApiError, type Client, type ClientEvent, type SessionChange } from "@uci/client";
import type { Account, ChatAccepted, Message } from "@uci/protocol";
import { definedOf } from "./defined.ts";
import { pauseWhileHidden } from "./hidden-pause.ts";
import { Outbox } from "./outbox.ts";
import { keepPath, recallPath } from "./paths.ts";
import { onSuccessionElsewhere, succeed } from "./person.ts";
import { readAnew } from "./read-anew.ts";
import { emptyThread, initialState, isUnfinished, type ModelChoice } from "./state.ts";
import { change, take, useChat } from "./store.ts";
import { endTemporary, isTemporary } from "./temporary.ts";
import { TemporaryTexts } from "./temporary-texts.ts";
import {
  applyMessages,
  applyRegenerated,
  applySessions,
  branchOf,
  selectMessage,
  withoutSession,
  withoutThread,
  withUnsent,
} from "./transitions.ts";
import { recallUnsent } from "./unsent.ts";

/** Sessions one connection may follow. */
const followedSessions = 8;
/**
 * Sessions followed though nothing happens in them, so that going back and forth needs no new connection. Where tabs
 * share one, it keeps them by itself.
 */
const recentSessions = 4;
/** After a refusal that concerned other tabs' sessions, this one asks again. */
const refusedRetryMs = 2_000;

export const queryKeys = {
  account: ["account"],
  models: ["models"],
  sessions: ["sessions"],
  folders: ["folders"],
  prompts: ["prompts"],
  preferences: ["preferences"],
  shares: (sessionId: string) => ["shares", sessionId],
  messages: (sessionId: string) => ["messages", sessionId],
} as const;

/** What the page does: sends, stops, chooses, and keeps the stream on the sessions that matter. */
export class ChatService {
  readonly client: Client;
  /** Where messages wait until the server has taken them. */
  readonly outbox: Outbox;
  readonly #queries: QueryClient;
  readonly #temporaryTexts: TemporaryTexts;
  #userId: string | null = null;
  #stream: AnswerStream | null = null;
  #sharesStream = false;
  /** Sessions known to be the caller's, most recently shown last. */
  #known: string[] = [];

  constructor(client: Client, queries: QueryClient) {
    this.client = client;
    this.#queries = queries;
    this.#temporaryTexts = new TemporaryTexts(client);
    this.outbox = new Outbox(client, {
      onAccepted: (messageId, sessionId) => {
        this.#stream?.track(messageId, sessionId);
        if (isTemporary(sessionId)) this.#know(sessionId);
        void this.#learn(sessionId);
      },
      onUnauthenticated: () => void queries.invalidateQueries({ queryKey: queryKeys.account }),
    });
    pauseWhileHidden({
      isOwn: () => !this.#sharesStream,
      pause: () => this.#stream?.pause(),
      reconnect: () => this.reconnect(),
    });
    this.#recallUnsent();
    onSuccessionElsewhere((succession) => this.#successionElsewhere(succession));
    queries.getQueryCache().subscribe(({ type, query }) => {
      const [kind, sessionId] = query.queryKey as readonly string[];
      // What nobody has looked at for a while is given back; the query's own clock decides.
      if (type === "removed" && kind === "messages" && sessionId !== undefined) this.#release(sessionId);
    });
  }

  /**
   * Says who is signed in. Opens the stream at first; for the same one again, found out anew after a refusal, connects
   * again. For somebody else the page begins anew, and false is returned. `linked`: a guest's chats went along.
   */
  signedInAs(account: Account, linked = true): boolean {
    const before = this.#userId;
    if (succeed(account, linked) === "other") {
      this.leave();
      return false;
    }
    this.#userId = account.user_id;
    if (before === null) this.#start(account.user_id);
    else if (before !== account.user_id) this.#restart(account.user_id);
    else this.#reconnectIfRefused();
    return true;
  }

  /**
   * Whoever was here is not any more. Only a new page has certainly nothing left of what the old one had in memory, in
   * whichever part of it; until that is there, nothing goes out.
   */
  leave(): void {
    this.#stream?.close();
    this.outbox.close();
    location.replace("/");
  }

  #successionElsewhere(succession: "moved" | "other"): void {
    if (succession === "other") this.leave();
    else void this.#queries.invalidateQueries({ queryKey: queryKeys.account });
  }

  /** Takes up what an earlier page had not sent. */
  #recallUnsent(): void {
    for (const message of recallUnsent()) {
      change((state) => withUnsent(state, message));
      // A session that may not have come to be yet: asking for its history would find nothing.
      if (message.request?.parent_message_id === null) this.begin(message.sessionId);
    }
  }

  #start(userId: string): void {
    const options = { sessionIds: this.#followed(), onEvent: (event: ClientEvent) => this.#hear(event) };
    const shared = this.client.openSharedStream({ ...options, scope: userId });
    this.#sharesStream = shared !== null;
    this.#stream = shared ?? this.client.openStream(options);
    this.outbox.open();
  }

  /** The guest of before is somebody now, and what has not been sent yet goes along. */
  #restart(userId: string): void {
    this.#stream?.close();
    this.outbox.close();
    this.#known = [];
    change(({ currentSessionId, unsent }) => ({ ...initialState, currentSessionId, unsent }));
    this.#recallUnsent();
    void this.#queries.resetQueries({ queryKey: ["messages"] });
    for (const kind of ["sessions", "folders", "prompts", "preferences"] as const) {
      void this.#queries.resetQueries({ queryKey: queryKeys[kind] });
    }
    this.#start(userId);
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
      if (state.threads[sessionId] !== undefined) return applyMessages(state, sessionId, rows);
      const thread = { messages: {}, selected: recallPath(sessionId) };
      return applyMessages({ ...state, threads: { ...state.threads, [sessionId]: thread } }, sessionId, rows);
    });
    for (const row of rows) if (isUnfinished(row.status)) this.#stream?.track(row.message_id, sessionId);
    this.#know(sessionId);
    this.outbox.sendNext(sessionId);
  }

  /** Begins a session that exists on this page alone until its first message is accepted. */
  begin(sessionId: string): void {
    change((state) => ({ ...state, threads: { [sessionId]: emptyThread, ...state.threads } }));
    // A stream opened on a session that is not there yet makes one that is not temporary, which every list would show.
    if (!isTemporary(sessionId)) this.#know(sessionId);
  }

  async stop(messageId: string): Promise<void> {
    await this.client.messages.stop(messageId);
  }

  /** Asks for another answer beside this one and shows it. */
  async regenerate(answer: Message, model: ModelChoice): Promise<void> {
    this.#begun(answer, await this.client.messages.regenerate(answer.message_id, model));
  }

  /** Keeps another text for an answer, beside it, and shows it. */
  async editAnswer(answer: Message, content: string): Promise<void> {
    const edited = await this.client.messages.edit(answer.message_id, content);
    change((state) => applyMessages(state, edited.session_id, [edited]));
    this.select(edited);
  }

  /** Sends the message this answers once more, beside it: the way to another answer where the server kept no texts. */
  askAgain(answer: Message, model: ModelChoice): void {
    const asked = useChat.getState().threads[answer.session_id]?.messages[answer.parent_message_id ?? ""];
    if (asked === undefined) return;
    this.outbox.send(answer.session_id, asked.content, model, { parentMessageId: asked.parent_message_id });
  }

  /** Asks for another answer that goes on where this one ends, and shows it. */
  async continue(answer: Message, model: ModelChoice): Promise<void> {
    this.#begun(answer, await this.client.messages.continue(answer.message_id, model));
  }

  #begun(answer: Message, accepted: ChatAccepted): void {
    change((state) => applyRegenerated(state, answer, accepted));
    this.#stream?.track(accepted.message_id, accepted.session_id);
    this.#know(accepted.session_id);
  }

  /** Shows this one of its siblings, now and after a reload. */
  select(message: Message): void {
    change((state) => selectMessage(state, message.session_id, message));
    keepPath(message.session_id, useChat.getState().threads[message.session_id]?.selected ?? {});
  }

  /** Shows the branch a message is on; false while not enough of the chat is loaded for that. */
  showBranch(sessionId: string, messageId: string): boolean {
    const selected = branchOf(useChat.getState().threads[sessionId], messageId);
    if (selected === null) return false;
    for (const message of selected) change((state) => selectMessage(state, sessionId, message));
    keepPath(sessionId, useChat.getState().threads[sessionId]?.selected ?? {});
    return true;
  }

  rename(sessionId: string, title: string): Promise<void> {
    return this.update(sessionId, { title });
  }

  /** Changes a session, here at once; back to what it was when the server could not. */
  async update(sessionId: string, sessionChange: SessionChange): Promise<void> {
    const { settings, ...fields } = sessionChange;
    const before = useChat.getState().sessions[sessionId];
    if (before === undefined) return;
    const put = (session: typeof before) =>
      change((state) => ({ ...state, sessions: { ...state.sessions, [sessionId]: session } }));
    put({ ...before, ...definedOf(fields), settings: { ...before.settings, ...definedOf(settings ?? {}) } });
    try {
      put(await this.client.sessions.update(sessionId, sessionChange));
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
        for (const queryKey of [queryKeys.sessions, queryKeys.folders, ["messages"]])
          void readAnew(this.#queries, queryKey);
        this.outbox.sendAll();
        return;
      case "message_created":
        this.#follow();
        return;
      case "answer_ended":
        if (isTemporary(event.sessionId)) this.#temporaryTexts.forget(event.messageId);
        this.outbox.sendNext(event.sessionId);
        this.#follow();
        return;
      case "answer_unverified":
        void this.#queries.invalidateQueries({ queryKey: queryKeys.messages(event.sessionId) });
        return;
      case "message_persisted":
        if (isTemporary(event.session_id)) return void this.#fetchTemporary(event.session_id, event.message_id);
        // Stored, and still not whole here: the stream could not bring it, so it is read.
        if (useChat.getState().live[event.message_id] === undefined) return;
        void this.#queries.invalidateQueries({ queryKey: queryKeys.messages(event.session_id) });
        return;
      case "folder_updated":
        void this.#queries.invalidateQueries({ queryKey: queryKeys.folders });
        // What was in it is in no folder any more.
        if (event.change === "deleted") void this.#queries.invalidateQueries({ queryKey: queryKeys.sessions });
        return;
      case "session_updated":
        if (event.change === "deleted") this.#forget(event.session_id);
        return;
      default:
    }
  }

  /** A temporary chat has no history to ask for: of an answer that the stream could not bring, its row is read. */
  async #fetchTemporary(sessionId: string, messageId: string): Promise<void> {
    if (useChat.getState().live[messageId] === undefined) return;
    try {
      const { messages } = await this.client.sessions.messages(sessionId, { limit: 10 });
      const rows = messages.filter((message) => message.message_id === messageId);
      this.takeMessages(sessionId, rows);
      if (rows.length > 0) this.#temporaryTexts.forget(messageId);
    } catch {
      // The next connection names the answer and brings it.
    }
  }

  /** Ends the temporary chat that is on the page: nothing of it is left here. */
  endTemporary(): void {
    const sessionId = endTemporary();
    if (sessionId === null) return;
    const { threads, live } = useChat.getState();
    for (const messageId of Object.keys(threads[sessionId]?.messages ?? {})) {
      if (live[messageId] !== undefined) this.#temporaryTexts.abandon(messageId);
    }
    change((state) => withoutSession(state, sessionId));
    this.#forget(sessionId);
  }

  /** The news of a session's first message may fall between two connections; then its title is asked for. */
  async #learn(sessionId: string): Promise<void> {
    if (isTemporary(sessionId) || useChat.getState().sessions[sessionId]?.title != null) return;
    try {
      const session = await this.client.sessions.find(sessionId);
      change((state) => applySessions(state, [session]));
    } catch {
      // The list tells it the next time it is read.
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
    // All of them are there: what was refused belonged to another tab, which has let go of it by then.
    if (lost.every((sessionId) => sessionId === null)) setTimeout(() => this.#reconnectIfRefused(), refusedRetryMs);
  }

  #reconnectIfRefused(): void {
    if (useChat.getState().connection.state === "refused") this.reconnect();
  }

  async #exists(sessionId: string): Promise<boolean> {
    try {
      await this.client.sessions.find(sessionId);
      return true;
    } catch (error) {
      return !(error instanceof ApiError && error.status === 404);
    }
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

  /** The shown session, those in which something is being written, and some of those that were shown before. */
  #followed(): string[] {
    const { currentSessionId, threads, live } = useChat.getState();
    const rank = (sessionId: string) => {
      if (sessionId === currentSessionId) return 0;
      const messageIds = Object.keys(threads[sessionId]?.messages ?? {});
      return messageIds.some((messageId) => live[messageId] !== undefined) ? 1 : 2;
    };
    const ranked = this.#known.toReversed().sort((one, other) => rank(one) - rank(other));
    const busy = ranked.filter((sessionId) => rank(sessionId) < 2).length;
    const kept = this.#sharesStream ? 1 : recentSessions;
    return ranked.slice(0, Math.min(followedSessions, Math.max(busy, kept)));
  }
}
