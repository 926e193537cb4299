import { type StreamEvent, wireLimits } from "@uci/protocol";
import { AnswerBook, type BookOutcome } from "./answer-book.ts";
import { backoffMs } from "./backoff.ts";
import type { ConnectionOptions } from "./caller.ts";
import { type Environment, environmentWith } from "./environment.ts";
import type { ApiError } from "./errors.ts";
import { clientLimits } from "./limits.ts";
import type { ClientEvent, ConnectionState } from "./stream-events.ts";
import { cursorOf, type OpenLink, type StreamLink, sseLinks } from "./stream-link.ts";

export type StreamOptions = ConnectionOptions & {
  /** Sessions to follow, at most 8. None: only what concerns the caller as a whole, such as new sessions. */
  readonly sessionIds: readonly string[];
  /** Told everything, in order, and never again after `close`. Must not throw. */
  readonly onEvent: (event: ClientEvent) => void;
  /** No byte for this long means the connection is dead. Default 40 s; the server sends a comment every 15 s. */
  readonly silenceMs?: number;
  /** Parts of the outside world to replace; for tests. */
  readonly environment?: Partial<Environment>;
};

/** The live stream of a caller: one connection at a time, opened again whenever it breaks off, until `close`. */
export interface AnswerStream {
  /** Follows other sessions. Answers already begun go on where they are. At most 8; more throws a RangeError. */
  setSessions(sessionIds: readonly string[]): void;
  /** Notes an answer known to be unfinished, e.g. from history, so that the server is asked for it by name. */
  track(messageId: string, sessionId: string): void;
  /** Forgets a session, e.g. one that was deleted. */
  forgetSession(sessionId: string): void;
  /** Connects at once, also after a refusal or a pause; for "Try again" and after signing in. */
  reconnect(): void;
  /** Gives the connection back and keeps every position, e.g. while nobody looks: a browser has six of them a server. */
  pause(): void;
  /** `1~…`: where this reader is in every unfinished answer of its sessions; null when there is none. */
  cursor(): string | null;
  close(): void;
}

/** Opens the stream and keeps it open. */
export function openStream(options: StreamOptions): AnswerStream {
  const environment = environmentWith(options.environment);
  return new LiveStream(options, environment, sseLinks(options, environment, options.silenceMs));
}

export class LiveStream implements AnswerStream {
  readonly #options: Pick<StreamOptions, "sessionIds" | "onEvent">;
  readonly #environment: Environment;
  readonly #openLink: OpenLink;
  readonly #book: AnswerBook;
  readonly #removeWakeListener: () => void;
  #sessionIds: readonly string[];
  #connection: StreamLink | null = null;
  #cancelRetry: (() => void) | null = null;
  #cancelGrace: () => void = () => {};
  #state: ConnectionState | null = null;
  #sinceMs = 0;
  /** Attempts in a row that did not lead to a sound connection. */
  #failures = 0;
  #readyMs: number | null = null;
  /** Answers the connection was asked for by name, in its cursor, or told of itself since it is ready. */
  #named = new Set<string>();
  #cancelUnheard: (() => void) | null = null;

  constructor(options: Pick<StreamOptions, "sessionIds" | "onEvent">, environment: Environment, openLink: OpenLink) {
    this.#options = options;
    this.#environment = environment;
    this.#openLink = openLink;
    this.#sessionIds = checkedSessions(options.sessionIds);
    this.#book = new AnswerBook((event) => this.#emit(event));
    this.#removeWakeListener = this.#environment.signals.onWake(() => this.#wake());
    this.#setState("connecting", null);
    this.#connect();
  }

  setSessions(sessionIds: readonly string[]): void {
    const wanted = checkedSessions(sessionIds);
    if (wanted.length === this.#sessionIds.length && wanted.every((id) => this.#sessionIds.includes(id))) return;
    this.#sessionIds = wanted;
    this.#book.park(wanted);
    if (this.#state === "closed" || this.#state === "paused") return;
    if (this.#state === "refused") this.#setState("connecting", null);
    this.#connect();
  }

  track(messageId: string, sessionId: string): void {
    this.#book.track(messageId, sessionId);
    this.#watchUnheard();
  }

  forgetSession(sessionId: string): void {
    this.#book.forgetSession(sessionId);
  }

  reconnect(): void {
    if (this.#state === "closed") return;
    if (this.#state === "refused" || this.#state === "paused") this.#setState("connecting", null);
    this.#failures = 0;
    this.#connect();
  }

  pause(): void {
    if (this.#state === "closed") return;
    this.#drop();
    this.#setState("paused", null);
  }

  cursor(): string | null {
    return cursorOf(this.#book.positions(this.#sessionIds));
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#drop();
    this.#removeWakeListener();
    this.#setState("closed", null);
  }

  #connect(): void {
    this.#drop();
    this.#named = new Set(this.#book.unheard(this.#sessionIds));
    // A change of connection that succeeds at once is nobody's concern: the state stays "open" for that long.
    this.#cancelGrace = this.#environment.after(clientLimits.changeGraceMs, () => {
      if (this.#state === "open") this.#setState(this.#interrupted(), null);
    });
    const request = { sessionIds: this.#sessionIds, positions: this.#book.positions(this.#sessionIds) };
    this.#connection = this.#openLink(request, {
      onOpen: () => {
        this.#cancelGrace();
        this.#setState("open", null);
      },
      onEvent: (event) => this.#take(event),
      onEnd: (error) => this.#broken(error),
    });
  }

  #drop(): void {
    this.#cancelGrace();
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#cancelUnheard?.();
    this.#cancelUnheard = null;
    this.#noteSoundness();
    this.#readyMs = null;
    this.#connection?.close();
    this.#connection = null;
  }

  #take(event: StreamEvent): void {
    switch (event.event) {
      case "chunk":
        this.#applied(this.#book.applyChunk(event.data));
        break;
      case "snapshot":
        this.#applied(this.#book.applySnapshot(event.data));
        break;
      case "bye":
        // A pod that goes away says so to each connection in its turn: coming back at once is what it asks for.
        this.#retry(null);
        break;
      case "message_created":
        this.#noteAnswer(event.data.answer.message_id, event.data.session_id, event.data.answer.status);
        this.#emit({ type: "message_created", ...event.data });
        break;
      case "ready":
        this.#readyMs = this.#environment.nowMs();
        this.#emit({ type: "ready", ...event.data });
        this.#watchUnheard();
        break;
      case "session_updated":
        if (event.data.change === "deleted") this.#book.forgetSession(event.data.session_id);
        this.#emit({ type: "session_updated", ...event.data });
        break;
      default:
        this.#emit({ type: event.event, ...event.data } as ClientEvent);
    }
  }

  /**
   * A connection that was not asked for an answer by name takes it for history where it ended before: noted while the
   * connection was being opened, or late. Opened again, its cursor names the answer; once for each answer.
   */
  #watchUnheard(): void {
    if (this.#cancelUnheard !== null || this.#readyMs === null || this.#unnamed().length === 0) return;
    this.#cancelUnheard = this.#environment.after(clientLimits.unheardMs, () => {
      this.#cancelUnheard = null;
      if (this.#unnamed().length > 0) this.#connect();
    });
  }

  #unnamed(): string[] {
    return this.#book.unheard(this.#sessionIds).filter((messageId) => !this.#named.has(messageId));
  }

  #noteAnswer(messageId: string, sessionId: string, status: string): void {
    // Only where its pieces will come here too: user events tell of sessions that this stream does not follow.
    if (status !== "queued" && status !== "streaming") return;
    if (!this.#sessionIds.includes(sessionId)) return;
    this.#book.track(messageId, sessionId);
    // Told before it is ready, a pod may find the answer ended when it looks, and take it for history of this reader.
    if (this.#readyMs !== null) this.#named.add(messageId);
  }

  #applied(outcome: BookOutcome): void {
    if (outcome === "applied") this.#failures = 0;
    else if (outcome === "broken") this.#retry(null);
  }

  #broken(error: ApiError | null): void {
    if (error !== null && isFinal(error)) {
      this.#drop();
      this.#setState("refused", error);
    } else this.#retry(error);
  }

  /** Connects again: at once when a sound connection ended in an orderly way, with growing waits otherwise. */
  #retry(error: ApiError | null): void {
    if (this.#state === "closed" || this.#state === "paused") return;
    this.#drop();
    const waitMs = error === null && this.#failures === 0 ? 0 : this.#waitMs(error);
    this.#failures++;
    if (waitMs === 0) {
      this.#connect();
      return;
    }
    this.#setState(this.#interrupted(), error);
    this.#cancelRetry = this.#environment.after(waitMs, () => {
      this.#cancelRetry = null;
      this.#connect();
    });
  }

  #interrupted(): ConnectionState {
    return this.#environment.signals.isOnline() ? "reconnecting" : "offline";
  }

  #waitMs(error: ApiError | null): number {
    const ownMs = backoffMs(this.#failures + 1, this.#environment.random);
    return Math.min(Math.max(ownMs, error?.retryAfterMs ?? 0), clientLimits.retryAfterCeilingMs);
  }

  #noteSoundness(): void {
    if (this.#readyMs === null) return;
    if (this.#environment.nowMs() - this.#readyMs >= clientLimits.soundConnectionMs) this.#failures = 0;
  }

  #wake(): void {
    const stale = this.#connection !== null && this.#connection.silentMs > clientLimits.wakeSilenceMs;
    if (this.#cancelRetry !== null || stale) this.#connect();
  }

  #setState(state: ConnectionState, error: ApiError | null): void {
    if (this.#state === "closed") return;
    if (this.#state === state && error === null) return;
    if (this.#state !== state) this.#sinceMs = this.#environment.nowMs();
    this.#state = state;
    this.#options.onEvent({ type: "connection", state, sinceMs: this.#sinceMs, error });
  }

  #emit(event: ClientEvent): void {
    if (this.#state !== "closed") this.#options.onEvent(event);
  }
}

/** What the same request will not change: not signed in, not allowed, not there, not understood. */
function isFinal(error: ApiError): boolean {
  return error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
}

function checkedSessions(sessionIds: readonly string[]): readonly string[] {
  const distinct = [...new Set(sessionIds)];
  if (distinct.length > wireLimits.sessionsPerConnection) {
    throw new RangeError(`a stream follows at most ${wireLimits.sessionsPerConnection} sessions`);
  }
  return distinct;
}
