import { type StreamEvent, wireLimits } from "@uci/protocol";
import type { Environment } from "../environment.ts";
import type { ApiError } from "../errors.ts";
import { clientLimits } from "../limits.ts";
import type { AnswerPosition, LinkRequest, OpenLink } from "../stream-link.ts";
import { type HubMessage, type LinkMessage, toldError } from "./messages.ts";
import { SharedAnswers } from "./shared-answers.ts";
import { Upstream } from "./upstream.ts";

/** `waiting`: it has asked and is not up to date yet. `live`: it is given everything as it comes. */
type Member = {
  readonly id: string;
  readonly request: LinkRequest;
  state: "waiting" | "live";
  isOpen: boolean;
  /** Sessions it has been brought up to date in. */
  covered: ReadonlySet<string>;
  heardMs: number;
};

/**
 * The one connection of a browser and the links that share it. Follows what the links ask for, eight sessions at most:
 * where there are more, those of the tabs that were looked at last, and the others as places become free. A link that
 * joins is given the folds that are here; only what no link has asked for before needs a new connection, which is ready
 * before the old one is closed.
 */
export class StreamHub {
  readonly id: string;
  readonly #openLink: OpenLink;
  readonly #environment: Environment;
  readonly #post: (message: HubMessage) => void;
  readonly #answers = new SharedAnswers();
  /** By id; the one that was looked at last is the last. */
  readonly #members = new Map<string, Member>();
  readonly #deleted = new Set<string>();
  #current: Upstream | null = null;
  #next: Upstream | null = null;
  #cancelPrune: () => void;
  #closed = false;

  constructor(id: string, openLink: OpenLink, environment: Environment, post: (message: HubMessage) => void) {
    this.id = id;
    this.#openLink = openLink;
    this.#environment = environment;
    this.#post = post;
    this.#cancelPrune = environment.after(clientLimits.linkSilenceMs, () => this.#prune());
    post({ type: "hub", hub: id });
  }

  /** Takes what the links of one tab say at once: one that goes and one that comes are one change. */
  take(messages: readonly LinkMessage[]): void {
    if (this.#closed) return;
    for (const message of messages) this.#takeOne(message);
    this.#settle();
  }

  #takeOne(message: LinkMessage): void {
    const member = this.#members.get(message.from);
    if (member !== undefined) member.heardMs = this.#environment.nowMs();
    switch (message.type) {
      case "attach":
        this.#attach(message.from, message);
        return;
      case "detach":
        this.#members.delete(message.from);
        return;
      case "show":
        if (member !== undefined) this.#show(member);
        else this.#post({ type: "pong", hub: this.id, to: [message.from], known: false });
        return;
      case "ping":
        this.#post({ type: "pong", hub: this.id, to: [message.from], known: member !== undefined });
    }
  }

  /** Ends every link; each begins again with whoever leads then. */
  close(): void {
    if (this.#closed) return;
    this.#endAll(null);
    this.#closed = true;
    this.#cancelPrune();
  }

  #attach(id: string, { sessionIds, positions }: LinkRequest): void {
    const request = { sessionIds, positions };
    const heardMs = this.#environment.nowMs();
    this.#members.set(id, { id, request, state: "waiting", isOpen: false, covered: new Set(), heardMs });
  }

  #show(member: Member): void {
    this.#members.delete(member.id);
    this.#members.set(member.id, member);
    const silentMs = this.#current?.silentMs ?? 0;
    if (silentMs > clientLimits.wakeSilenceMs) this.#endAll(null);
  }

  /** Without any timer: those of a hidden tab come late, and hidden tabs lead too. */
  #settle(): void {
    // One change after the other: what is asked for meanwhile is looked at when the new connection is ready.
    if (this.#next !== null) return;
    if (this.#members.size === 0) {
      this.#drop();
      return;
    }
    const wanted = this.#wantedSessions();
    const asked = this.#askedAnswers(wanted);
    for (const { messageId, sessionId } of asked) {
      if (!this.#answers.isKnown(messageId)) this.#answers.note(messageId, sessionId);
    }
    this.#welcome();
    if (this.#current === null || !this.#current.serves(wanted, this.#liveAmong(asked))) this.#open(wanted);
  }

  /** What the links follow, eight sessions at most: first what each shows, those looked at last before the others. */
  #wantedSessions(): string[] {
    const lists = [...this.#members.values()].reverse().map(({ request }) => request.sessionIds);
    const longest = Math.max(...lists.map((list) => list.length));
    const ranked = Array.from({ length: longest }, (_, rank) => lists.flatMap((list) => list[rank] ?? [])).flat();
    return [...new Set(ranked)].filter((id) => !this.#deleted.has(id)).slice(0, wireLimits.sessionsPerConnection);
  }

  #askedAnswers(sessionIds: readonly string[]): AnswerPosition[] {
    const waiting = [...this.#members.values()].filter(({ state }) => state === "waiting");
    return waiting
      .flatMap(({ request }) => request.positions)
      .filter(({ sessionId }) => sessionIds.includes(sessionId));
  }

  #liveAmong(positions: readonly AnswerPosition[]): string[] {
    return positions.map(({ messageId }) => messageId).filter((messageId) => this.#answers.isLive(messageId));
  }

  #open(wanted: readonly string[]): void {
    // What was followed so far goes on while there is room: somebody may come back to it.
    const before = (this.#current?.sessionIds ?? []).filter((id) => !wanted.includes(id) && !this.#deleted.has(id));
    const sessionIds = [...wanted, ...before].slice(0, wireLimits.sessionsPerConnection);
    const upstream: Upstream = new Upstream(this.#openLink, sessionIds, this.#answers.positions(sessionIds), {
      onOpen: () => this.#opened(),
      onEvent: (event) => this.#hear(upstream, event),
      onEnd: (error) => this.#ended(upstream, error),
    });
    this.#next = upstream;
  }

  #opened(): void {
    const fresh = [...this.#members.values()].filter(({ isOpen }) => !isOpen);
    for (const member of fresh) member.isOpen = true;
    if (fresh.length > 0) this.#post({ type: "opened", hub: this.id, to: fresh.map(({ id }) => id) });
  }

  #hear(upstream: Upstream, event: StreamEvent): void {
    switch (event.event) {
      case "connected":
        return;
      case "bye":
        this.#endAll(null);
        return;
      case "ready":
        this.#ready(upstream, event.data.recovered);
        return;
      case "chunk":
        upstream.named.add(event.data.message_id);
        this.#pass(this.#answers.applyChunk(event.data), event, event.data.session_id);
        return;
      case "snapshot":
        upstream.named.add(event.data.message_id);
        this.#pass(this.#answers.applySnapshot(event.data), event, event.data.session_id);
        return;
      case "message_created": {
        const { answer, session_id } = event.data;
        const unfinished = answer.status === "queued" || answer.status === "streaming";
        // Noted for every session a link follows, also where there was no room: the cursor names it later.
        const followed = [...this.#members.values()].some(({ request }) => request.sessionIds.includes(session_id));
        if (unfinished && followed && !this.#answers.isKnown(answer.message_id)) {
          this.#answers.note(answer.message_id, session_id);
          if (upstream.sessionIds.includes(session_id)) upstream.named.add(answer.message_id);
        }
        this.#tell(event, null);
        return;
      }
      case "session_updated":
        if (event.data.change === "deleted") this.#forget(event.data.session_id);
        this.#tell(event, null);
        return;
      case "folder_updated":
        this.#tell(event, null);
        return;
      default:
        this.#tell(event, event.data.session_id ?? null);
    }
  }

  #pass(outcome: "applied" | "old" | "broken", event: StreamEvent, sessionId: string): void {
    if (outcome === "applied") this.#tell(event, sessionId);
    else if (outcome === "broken") this.#endAll(null);
  }

  /** Passes an event on to the links that follow its session; null: to all. */
  #tell(event: StreamEvent, sessionId: string | null): void {
    const to = [...this.#members.values()]
      .filter(({ state, covered }) => state === "live" && (sessionId === null || covered.has(sessionId)))
      .map(({ id }) => id);
    if (to.length > 0) this.#post({ type: "events", hub: this.id, to, events: [event] });
  }

  #forget(sessionId: string): void {
    this.#answers.forgetSession(sessionId);
    this.#deleted.add(sessionId);
    if (this.#deleted.size > clientLimits.endedAnswers) this.#deleted.delete(this.#deleted.values().next().value!);
  }

  #ready(upstream: Upstream, recovered: boolean): void {
    upstream.recovered = recovered;
    if (upstream === this.#next) {
      this.#current?.close();
      this.#current = upstream;
      this.#next = null;
    }
    this.#settle();
  }

  /** Brings up to date whoever waits, and whoever has sessions for which there is room now. */
  #welcome(): void {
    const current = this.#current;
    if (current === null) return;
    this.#opened();
    const wanted = new Set(this.#wantedSessions());
    for (const member of this.#members.values()) {
      const { sessionIds, positions } = member.request;
      const due = sessionIds.filter((id) => wanted.has(id));
      const asked = positions.filter(({ sessionId }) => due.includes(sessionId));
      // What it asks for comes with the next connection.
      if (member.state === "waiting" && !current.serves(due, this.#liveAmong(asked))) continue;
      const here = sessionIds.filter((id) => current.sessionIds.includes(id));
      if (member.state === "live" && here.every((id) => member.covered.has(id))) {
        member.covered = new Set(here);
        continue;
      }
      // Somebody who was left out for a while may be anywhere: the state of everything brings it here.
      const known = member.state === "waiting" ? positions : null;
      const events = [...this.#answers.catchUp(here, known), ready(current.recovered)];
      member.state = "live";
      member.covered = new Set(here);
      this.#post({ type: "events", hub: this.id, to: [member.id], events });
    }
  }

  #ended(upstream: Upstream, error: ApiError | null): void {
    if (upstream === this.#next && this.#current !== null) {
      this.#next = null;
      // Those who are served go on as they are; whoever asked for more is told why it cannot be had.
      this.#end(
        [...this.#members.values()].filter(({ state }) => state === "waiting"),
        error,
      );
    } else this.#endAll(error);
  }

  #endAll(error: ApiError | null): void {
    this.#drop();
    this.#end([...this.#members.values()], error);
  }

  #end(members: readonly Member[], error: ApiError | null): void {
    for (const { id } of members) this.#members.delete(id);
    const to = members.map(({ id }) => id);
    if (to.length > 0) this.#post({ type: "ended", hub: this.id, to, error: toldError(error) });
  }

  #drop(): void {
    this.#current?.close();
    this.#next?.close();
    this.#current = null;
    this.#next = null;
  }

  /** A tab that crashed does not say so. */
  #prune(): void {
    const deadlineMs = this.#environment.nowMs() - clientLimits.linkSilenceMs;
    for (const { id, heardMs } of this.#members.values()) if (heardMs < deadlineMs) this.#members.delete(id);
    this.#settle();
    this.#cancelPrune = this.#environment.after(clientLimits.linkSilenceMs, () => this.#prune());
  }
}

function ready(recovered: boolean): StreamEvent {
  return { event: "ready", data: { recovered } };
}
