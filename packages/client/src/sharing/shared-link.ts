import type { Environment } from "../environment.ts";
import { clientLimits } from "../limits.ts";
import type { LinkHandlers, LinkRequest, StreamLink } from "../stream-link.ts";
import { errorOfTold, type HubMessage, type LinkMessage } from "./messages.ts";

type Surroundings = {
  readonly environment: Environment;
  readonly post: (message: LinkMessage) => void;
  /** The hub has not been heard of for too long. */
  readonly onHubSilent: () => void;
  readonly onClose: (link: SharedLink) => void;
};

/** A link through the tab that has the connection. Waits for one where there is none yet. */
export class SharedLink implements StreamLink {
  readonly id: string;
  readonly #surroundings: Surroundings;
  readonly #request: LinkRequest;
  readonly #handlers: LinkHandlers;
  /** The hub it is attached to; null until one answers. */
  #hub: string | null = null;
  #heardMs: number;
  #missedPongs = 0;
  #over = false;
  #cancelPing: () => void = () => {};

  constructor(id: string, request: LinkRequest, handlers: LinkHandlers, surroundings: Surroundings) {
    this.id = id;
    this.#surroundings = surroundings;
    this.#request = request;
    this.#handlers = handlers;
    this.#heardMs = surroundings.environment.nowMs();
    this.#attach();
    this.#pingLater();
  }

  get silentMs(): number {
    return this.#surroundings.environment.nowMs() - this.#heardMs;
  }

  take(message: HubMessage): void {
    if (this.#over) return;
    if (message.type === "hub") {
      // Another one leads: what the one before had begun to tell, it tells from where this reader is.
      if (this.#hub === null) this.#attach();
      else if (this.#hub !== message.hub) this.#end(null);
      return;
    }
    if (!message.to.includes(this.id)) return;
    if (this.#hub === null && (message.type === "opened" || message.type === "pong")) this.#hub = message.hub;
    if (this.#hub !== null && this.#hub !== message.hub) return;
    this.#heardMs = this.#surroundings.environment.nowMs();
    this.#missedPongs = 0;
    switch (message.type) {
      case "opened":
        this.#handlers.onOpen();
        return;
      case "events":
        for (const event of message.events) if (!this.#over) this.#handlers.onEvent(event);
        return;
      case "ended":
        this.#end(errorOfTold(message.error));
        return;
      case "pong":
        if (!message.known) this.#end(null);
    }
  }

  /** Somebody looks at its tab. */
  show(): void {
    this.#surroundings.post({ type: "show", from: this.id });
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelPing();
    this.#surroundings.post({ type: "detach", from: this.id });
    this.#surroundings.onClose(this);
  }

  #attach(): void {
    this.#surroundings.post({ type: "attach", from: this.id, ...this.#request });
  }

  #pingLater(): void {
    this.#cancelPing = this.#surroundings.environment.after(clientLimits.pingMs, () => {
      if (this.#missedPongs >= clientLimits.missedPongs) {
        this.#missedPongs = 0;
        this.#surroundings.onHubSilent();
      }
      this.#missedPongs++;
      this.#surroundings.post({ type: "ping", from: this.id });
      this.#pingLater();
    });
  }

  #end(error: ReturnType<typeof errorOfTold>): void {
    if (this.#over) return;
    this.close();
    this.#handlers.onEnd(error);
  }
}
