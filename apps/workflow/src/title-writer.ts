import { type TitleStore, titleFromReply, titleRequest } from "@uci/chat";
import { subjects, type UserEvent } from "@uci/protocol";
import { type Clock, type LanguageModel, type LiveChannel, userToken, type WorkerEvent } from "@uci/stream";
import type { WorkerLog } from "./observing.ts";

/** Titles asked for at once, and waiting; what comes on top keeps the title its first line gave. */
const titlesAtOnce = 4;
const titlesWaiting = 200;
const titleLimitMs = 20_000;
const titleTokens = 400;
/** A reply that is longer is no title; nobody waits for its end. */
const replyCharacters = 400;
/** The built-in program answers like a listener, not like a librarian. */
const untitlingProvider = "offline";

export type TitlePorts = {
  readonly titles: TitleStore;
  readonly model: LanguageModel;
  readonly live: Pick<LiveChannel, "publish">;
  readonly clock: Clock;
  readonly log: WorkerLog;
};

/**
 * Asks the model for a title once the first answer of a session is stored, beside the worker's loop and after it: no
 * answer waits for a title, and a title that fails is none. What a person has named stays.
 */
export class TitleWriter {
  readonly #ports: TitlePorts;
  readonly #waiting: string[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(ports: TitlePorts) {
    this.#ports = ports;
  }

  /** Takes note of what happens in the worker. */
  heard(event: WorkerEvent): void {
    if (event.kind !== "stored" || event.outcome !== "stored" || this.#stopping.signal.aborted) return;
    if (this.#waiting.length >= titlesWaiting) return;
    this.#waiting.push(event.message_id);
    this.#next();
  }

  /** Gives up what is not done; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting.length = 0;
    await Promise.all(this.#running);
  }

  #next(): void {
    while (this.#running.size < titlesAtOnce) {
      const messageId = this.#waiting.shift();
      if (messageId === undefined) return;
      const running = this.#write(messageId)
        .catch((error: unknown) => {
          if (!this.#stopping.signal.aborted) this.#ports.log.debug({ err: error, message_id: messageId }, "no title");
        })
        .finally(() => {
          this.#running.delete(running);
          this.#next();
        });
      this.#running.add(running);
    }
  }

  async #write(messageId: string): Promise<void> {
    const { titles, model, live } = this.#ports;
    const turn = await titles.untitledTurn(messageId);
    if (turn === null) return;
    const chosen = model.resolve(undefined, turn.model ?? undefined) ?? model.resolve(undefined, undefined);
    if (chosen === null || chosen.provider === untitlingProvider) return;
    const title = titleFromReply(await this.#reply(chosen, titleRequest(turn.question, turn.answer), messageId));
    const titled = title === null ? null : await titles.titleByModel(turn.session_id, title);
    if (titled === null) return;
    const { session, user_id } = titled;
    const event: UserEvent = {
      event: "session_updated",
      data: { session_id: session.session_id, change: "updated", session },
    };
    live.publish(subjects.userEvent(userToken(user_id)), event);
  }

  async #reply(
    chosen: { readonly provider: string; readonly model: string },
    messages: ReturnType<typeof titleRequest>,
    messageId: string,
  ): Promise<string> {
    const ended = new AbortController();
    const cancel = this.#ports.clock.after(titleLimitMs, () => ended.abort());
    const signal = AbortSignal.any([ended.signal, this.#stopping.signal]);
    let reply = "";
    try {
      const request = { ...chosen, messages, maxTokens: titleTokens, correlationId: `title_${messageId}`.slice(0, 64) };
      for await (const part of this.#ports.model.generate(request, signal)) {
        if (part.type === "text") reply += part.text;
        if (reply.length > replyCharacters) break;
      }
    } finally {
      cancel();
      ended.abort();
    }
    return reply;
  }
}
