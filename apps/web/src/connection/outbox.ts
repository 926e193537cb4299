import { ApiError, type Client, newIdempotencyKey } from "@uci/client";
import type { AttachmentReference, ChatRequest } from "@uci/protocol";
import { activePath } from "../chat/path.ts";
import { emptyThread, type ModelChoice, type UnsentMessage } from "./state.ts";
import { change, useChat } from "./store.ts";
import { historyBefore, isTemporary } from "./temporary.ts";
import { applyAccepted, withoutUnsent, withUnsent } from "./transitions.ts";
import { afterFailure, keepUnsent, nextUnsent } from "./unsent.ts";

/** While something waits to be sent, it is tried again this often even if the stream does not come back. */
const retryMs = 5_000;

type OutboxListener = {
  readonly onAccepted: (messageId: string, sessionId: string) => void;
  readonly onUnauthenticated: () => void;
};

type SendPlace = {
  readonly parentMessageId?: string | null;
  readonly attachments?: readonly AttachmentReference[];
};

/** Sends messages one after the other, each once, however often it takes; keeps over reloads what has not gone out. */
export class Outbox {
  readonly #client: Client;
  readonly #listener: OutboxListener;
  /** Raised when somebody else signs in: answers to what the one before sent are nobody's concern then. */
  #epoch = 0;
  #opened = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, listener: OutboxListener) {
    this.#client = client;
    this.#listener = listener;
    useChat.subscribe((state, before) => {
      if (state.unsent !== before.unsent) keepUnsent(state.unsent, before.unsent);
    });
  }

  /** From now on messages go out: somebody is signed in. */
  open(): void {
    this.#opened = true;
    this.sendAll();
  }

  close(): void {
    this.#opened = false;
    this.#epoch++;
    clearTimeout(this.#retryTimer);
  }

  /** `parentMessageId`: the message it answers, null for a new root; without it, whatever is last then. */
  send(
    sessionId: string,
    text: string,
    model: ModelChoice,
    { parentMessageId, attachments = [] }: SendPlace = {},
  ): void {
    const fresh = { request: null, state: "queued", problem: null } as const;
    this.#note({ key: newIdempotencyKey(), sessionId, text, attachments, parentMessageId, model, ...fresh });
    this.sendNext(sessionId);
  }

  /** Tries a message again that the server had refused. */
  sendAgain(message: UnsentMessage): void {
    change((state) => withoutUnsent(state, message.sessionId, message.key));
    this.#note({ ...message, key: newIdempotencyKey(), state: "queued", request: null, problem: null });
    this.sendNext(message.sessionId);
  }

  /** Takes an unsent message back. */
  takeBack(message: UnsentMessage): void {
    change((state) => withoutUnsent(state, message.sessionId, message.key));
    this.sendNext(message.sessionId);
  }

  sendAll(): void {
    for (const sessionId of Object.keys(useChat.getState().unsent)) this.sendNext(sessionId);
  }

  /** Sends the next message of a session if its turn has come. */
  sendNext(sessionId: string): void {
    if (!this.#opened) return;
    const { threads, unsent } = useChat.getState();
    const thread = threads[sessionId] ?? emptyThread;
    const leaf = activePath(thread).at(-1)?.message.message_id ?? null;
    const next = nextUnsent(unsent[sessionId] ?? [], thread, leaf);
    // Which message is last is known once the session has been read.
    if (next === null || (next.request === null && threads[sessionId] === undefined)) return;
    void this.#sendNow(next, leaf);
  }

  async #sendNow(message: UnsentMessage, leafMessageId: string | null): Promise<void> {
    const { sessionId, text, model, parentMessageId, attachments = [] } = message;
    const parentId = parentMessageId === undefined ? leafMessageId : parentMessageId;
    const request: ChatRequest = message.request ?? {
      session_id: sessionId,
      message: text,
      ...(attachments.length === 0 ? {} : { attachments: attachments.map(({ attachment_id }) => attachment_id) }),
      parent_message_id: parentId,
      ...model,
      ...(isTemporary(sessionId) ? temporaryParts(sessionId, parentId) : {}),
    };
    const sending: UnsentMessage = { ...message, request, state: "sending", problem: null };
    this.#note(sending);
    const epoch = this.#epoch;
    try {
      const accepted = await this.#client.chat(request, { idempotencyKey: message.key });
      if (this.#epoch !== epoch) return;
      change((state) => applyAccepted(state, sending, accepted));
      this.#listener.onAccepted(accepted.message_id, sessionId);
      this.sendNext(sessionId);
    } catch (error) {
      if (this.#epoch === epoch) this.#failed(sending, error);
    }
  }

  #failed(message: UnsentMessage, error: unknown): void {
    // Taken back in the meantime, or told of by the stream already: nothing waits for it any more.
    const wanted = useChat.getState().unsent[message.sessionId]?.some(({ key }) => key === message.key) ?? false;
    if (wanted) this.#note(afterFailure(message, error));
    const known = error instanceof ApiError ? error : null;
    if (known?.status === 401) this.#listener.onUnauthenticated();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.sendAll(), Math.max(retryMs, known?.retryAfterMs ?? 0));
  }

  #note(message: UnsentMessage): void {
    change((state) => withUnsent(state, message));
  }
}

/** What a temporary message has besides: nobody else knows what was said before it. */
function temporaryParts(sessionId: string, parentId: string | null): Pick<ChatRequest, "temporary" | "history"> {
  const thread = useChat.getState().threads[sessionId] ?? emptyThread;
  return { temporary: true, history: historyBefore(thread, parentId) };
}
