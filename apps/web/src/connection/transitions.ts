import type { AnswerEndedEvent, ClientEvent } from "@uci/client";
import type { ChatAccepted, Message, Session } from "@uci/protocol";
import { type ChatState, emptyThread, isUnfinished, newLiveAnswer, type Thread, type UnsentMessage } from "./state.ts";

/** What an event of the stream changes. Pieces of answers are not among it: they come once a frame, see `live.ts`. */
export function applyEvent(state: ChatState, event: ClientEvent): ChatState {
  switch (event.type) {
    case "connection":
      return { ...state, connection: { state: event.state, sinceMs: event.sinceMs, error: event.error } };
    case "message_created":
      return applyCreated(state, event.session_id, [event.user_message, event.answer]);
    case "answer_ended":
      return applyEnded(state, event);
    case "session_updated":
      if (event.change === "deleted") return withoutSession(state, event.session_id);
      return event.session === undefined ? state : applySessions(state, [event.session]);
    case "message_updated":
      if (event.change === "removed") return withoutMessage(state, event.session_id, event.message_id);
      return event.message === undefined || state.threads[event.session_id] === undefined
        ? state
        : applyMessages(state, event.session_id, [event.message]);
    case "recovering": {
      const live = state.live[event.message_id];
      return live === undefined ? state : withLive(state, event.message_id, { ...live, recovering: true });
    }
    default:
      return state;
  }
}

/** A turn that came to be, here or in another tab. Kept only where the session has been read. */
function applyCreated(state: ChatState, sessionId: string, created: readonly (Message | undefined)[]): ChatState {
  const messages = created.filter((message) => message !== undefined);
  const user = messages.find((message) => message.role === "user");
  const next = user === undefined ? state : withoutMatchingUnsent(state, sessionId, user);
  if (next.threads[sessionId] === undefined) return next;
  // What was just asked for here is shown, whatever branch was chosen before.
  const own = next !== state;
  return applyMessages(own && user !== undefined ? selectMessage(next, sessionId, user) : next, sessionId, messages);
}

/**
 * Rows of a session, from history or from an event. A finished row is never replaced by an unfinished one. What says
 * nothing new changes nothing: every connection reads what is shown again, and all of it would be drawn once more.
 */
export function applyMessages(state: ChatState, sessionId: string, rows: readonly Message[]): ChatState {
  const thread = state.threads[sessionId];
  const known = thread?.messages ?? {};
  const ended = (id: string) => known[id] !== undefined && !isUnfinished(known[id].status);
  const taken = rows.filter((row) => !(isUnfinished(row.status) && ended(row.message_id)));
  const changed = taken.filter((row) => !saysTheSame(known[row.message_id], row));
  const live = { ...state.live };
  for (const { role, status, message_id: id } of taken) {
    if (role !== "assistant") continue;
    if (isUnfinished(status)) live[id] ??= newLiveAnswer;
    else delete live[id];
  }
  const sameLive = saysTheSame(Object.keys(state.live), Object.keys(live));
  if (thread !== undefined && changed.length === 0 && sameLive) return state;
  const messages = { ...known, ...Object.fromEntries(changed.map((row) => [row.message_id, row])) };
  const threads = { ...state.threads, [sessionId]: { ...(thread ?? emptyThread), messages } };
  return { ...state, threads, live: sameLive ? state.live : live };
}

function saysTheSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function applySessions(state: ChatState, sessions: readonly Session[]): ChatState {
  const known = { ...state.sessions };
  let changed = false;
  for (const session of sessions) {
    const before = known[session.session_id];
    const newest = before === undefined || before.updated_at <= session.updated_at ? session : before;
    // The stream that is opened on a new chat may make it a moment after its first message began to be stored: then
    // what has no title yet says it is the newer one. A title that was given once is never taken away.
    const next = { ...newest, title: newest.title ?? session.title ?? before?.title ?? null };
    if (saysTheSame(before, next)) continue;
    known[session.session_id] = next;
    changed = true;
  }
  return changed ? { ...state, sessions: known } : state;
}

/** The server took a message: it and the answer to come take the unsent one's place. */
export function applyAccepted(state: ChatState, unsent: UnsentMessage, accepted: ChatAccepted): ChatState {
  const { session_id, timestamp: created_at } = accepted;
  const parent = unsent.request?.parent_message_id ?? null;
  const common = { session_id, created_at, model: null, token_count: null, metadata: {} };
  const user: Message = {
    ...common,
    message_id: accepted.user_message_id,
    parent_message_id: parent,
    role: "user",
    content: unsent.text,
    status: "complete",
    metadata:
      unsent.attachments === undefined || unsent.attachments.length === 0 ? {} : { attachments: unsent.attachments },
  };
  const answer: Message = {
    ...common,
    message_id: accepted.message_id,
    parent_message_id: accepted.user_message_id,
    role: "assistant",
    content: "",
    status: "queued",
  };
  return applyNew(withoutUnsent(state, unsent.sessionId, unsent.key), session_id, [user, answer]);
}

/** The server is going to write another answer beside an existing one. */
export function applyRegenerated(state: ChatState, sibling: Message, accepted: ChatAccepted): ChatState {
  const answer: Message = {
    ...sibling,
    message_id: accepted.message_id,
    content: "",
    status: "queued",
    token_count: null,
    metadata: {},
    created_at: accepted.timestamp,
  };
  return applyNew(state, accepted.session_id, [answer]);
}

/** Rows made up from an acceptance; what the server itself told in the meantime stays. All of them are selected. */
function applyNew(state: ChatState, sessionId: string, rows: readonly Message[]): ChatState {
  const known = state.threads[sessionId]?.messages ?? {};
  const missing = rows.filter((row) => known[row.message_id] === undefined);
  let next = applyMessages(state, sessionId, missing);
  for (const row of rows) next = selectMessage(next, sessionId, row);
  return next;
}

function applyEnded(state: ChatState, event: AnswerEndedEvent): ChatState {
  const { messageId, sessionId, fold } = event;
  const { [messageId]: live, ...otherLive } = state.live;
  const unseen = sessionId === state.currentSessionId ? state.unseen : { ...state.unseen, [sessionId]: true as const };
  const thread = state.threads[sessionId];
  const known = thread?.messages[messageId];
  if (thread === undefined || known === undefined) return { ...state, live: otherLive, unseen };
  const thoughtMs = event.thoughtMs ?? live?.thoughtMs;
  const message: Message = {
    ...known,
    content: fold.text,
    status: event.status,
    model: event.model ?? known.model,
    token_count: event.tokensUsed ?? known.token_count,
    metadata: {
      ...known.metadata,
      reasoning: fold.reasoning,
      attempts: Math.max(fold.attempt, live?.attempt ?? 0),
      ...(fold.tools.length === 0 ? {} : { tools: [...fold.tools] }),
      ...(fold.joins.length === 0 ? {} : { joins: [...fold.joins] }),
      ...(thoughtMs == null ? {} : { thought_ms: thoughtMs }),
      ...(event.writtenMs === null ? {} : { written_ms: event.writtenMs }),
      ...(event.error === null ? {} : { error: event.error }),
      ...(event.correlationId === null ? {} : { correlation_id: event.correlationId }),
    },
  };
  const threads = {
    ...state.threads,
    [sessionId]: { ...thread, messages: { ...thread.messages, [messageId]: message } },
  };
  return { ...state, live: otherLive, unseen, threads };
}

/** Chooses a message among its siblings. */
export function selectMessage(state: ChatState, sessionId: string, message: Message): ChatState {
  const thread: Thread = state.threads[sessionId] ?? emptyThread;
  const selected = { ...thread.selected, [message.parent_message_id ?? ""]: message.message_id };
  return { ...state, threads: { ...state.threads, [sessionId]: { ...thread, selected } } };
}

/**
 * The messages from the oldest loaded one down to this one; null where it is not loaded, or hangs from something that is
 * not while other branches are.
 */
export function branchOf(thread: Thread | undefined, messageId: string): Message[] | null {
  const messages = thread?.messages ?? {};
  const way: Message[] = [];
  for (let at = messages[messageId]; at !== undefined; at = messages[at.parent_message_id ?? ""]) way.unshift(at);
  const [top] = way;
  if (top === undefined) return null;
  const beginnings = Object.values(messages).filter(
    ({ parent_message_id: parent }) => parent === null || messages[parent] === undefined,
  );
  return beginnings.every((one) => one.parent_message_id === top.parent_message_id) ? way : null;
}

export function withLive(state: ChatState, messageId: string, live: ChatState["live"][string]): ChatState {
  return { ...state, live: { ...state.live, [messageId]: live } };
}

/** Forgets a session and everything in it. */
export function withoutSession(state: ChatState, sessionId: string): ChatState {
  const { [sessionId]: _session, ...sessions } = state.sessions;
  const { [sessionId]: _unsent, ...unsent } = state.unsent;
  const { [sessionId]: _unseen, ...unseen } = state.unseen;
  const removed = { ...state.removed, [sessionId]: true as const };
  return { ...withoutThread(state, sessionId), sessions, unsent, unseen, removed };
}

/** A message and everything under it, as far as it is loaded. */
export function messagesUnder(thread: Thread, messageId: string): Message[] {
  const all = Object.values(thread.messages);
  const found = all.filter(({ message_id }) => message_id === messageId);
  for (const { message_id } of found) found.push(...all.filter((one) => one.parent_message_id === message_id));
  return found;
}

/** Forgets a message and everything under it. */
export function withoutMessage(state: ChatState, sessionId: string, messageId: string): ChatState {
  const thread = state.threads[sessionId];
  if (thread?.messages[messageId] === undefined) return state;
  const messages = { ...thread.messages };
  const live = { ...state.live };
  for (const { message_id } of messagesUnder(thread, messageId)) {
    delete messages[message_id];
    delete live[message_id];
  }
  return { ...state, live, threads: { ...state.threads, [sessionId]: { ...thread, messages } } };
}

/** Forgets what was read of a session; it is read again when it is shown again. */
export function withoutThread(state: ChatState, sessionId: string): ChatState {
  const { [sessionId]: thread, ...threads } = state.threads;
  if (thread === undefined) return state;
  const live = { ...state.live };
  for (const messageId of Object.keys(thread.messages)) delete live[messageId];
  return { ...state, threads, live };
}

export function withUnsent(state: ChatState, message: UnsentMessage): ChatState {
  const list = state.unsent[message.sessionId] ?? [];
  const index = list.findIndex(({ key }) => key === message.key);
  const changed = index === -1 ? [...list, message] : list.with(index, message);
  return { ...state, unsent: { ...state.unsent, [message.sessionId]: changed } };
}

export function withoutUnsent(state: ChatState, sessionId: string, key: string): ChatState {
  const list = (state.unsent[sessionId] ?? []).filter((message) => message.key !== key);
  const { [sessionId]: _before, ...unsent } = state.unsent;
  return { ...state, unsent: list.length === 0 ? unsent : { ...unsent, [sessionId]: list } };
}

/** The event of a turn may be here before the answer to its request: the same words under the same parent. */
function withoutMatchingUnsent(state: ChatState, sessionId: string, user: Message): ChatState {
  const match = (state.unsent[sessionId] ?? []).find(
    ({ request }) =>
      request?.message === user.content && (request.parent_message_id ?? null) === user.parent_message_id,
  );
  return match === undefined ? state : withoutUnsent(state, sessionId, match.key);
}
