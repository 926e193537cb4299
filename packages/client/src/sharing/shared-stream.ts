import type { Environment } from "../environment.ts";
import { type AnswerStream, LiveStream, type StreamOptions } from "../open-stream.ts";
import type { LinkHandlers, LinkRequest, OpenLink } from "../stream-link.ts";
import { StreamHub } from "./hub.ts";
import type { LinkMessage, TabMessage } from "./messages.ts";
import { SharedLink } from "./shared-link.ts";
import type { TabChannel, TabWorld } from "./tab-world.ts";

/**
 * A tab's part in sharing one connection: its links, and the hub while it is the one that leads. Tabs queue for the
 * lead; whoever has it opens the connection, and when it closes, freezes or falls silent the next one goes on from the
 * positions of every link.
 */
class Tab {
  readonly #environment: Environment;
  readonly #world: TabWorld;
  readonly #openUpstream: OpenLink;
  readonly #name: string;
  readonly #channel: TabChannel;
  readonly #links = new Set<SharedLink>();
  #unsent: TabMessage[] = [];
  readonly #stopListening: (() => void)[];
  #hub: StreamHub | null = null;
  /** Gives the lead up, or stops waiting for it; null while this tab does neither. */
  #leave: (() => void) | null = null;

  constructor(scope: string, world: TabWorld, environment: Environment, openUpstream: OpenLink) {
    this.#environment = environment;
    this.#world = world;
    this.#openUpstream = openUpstream;
    this.#name = `uci.stream.${scope}`;
    this.#channel = world.openChannel(this.#name, (messages) => this.#hear(messages));
    this.#stopListening = [
      world.onAwake((awake) => (awake ? this.#wake() : this.#sleep())),
      world.onShown(() => this.#show()),
    ];
    this.#queueForLead(false);
  }

  openLink(request: LinkRequest, handlers: LinkHandlers): SharedLink {
    const link: SharedLink = new SharedLink(this.#newName(), request, handlers, {
      environment: this.#environment,
      post: (message) => this.#post(message),
      onHubSilent: () => this.#queueForLead(true),
      onClose: () => this.#links.delete(link),
    });
    this.#links.add(link);
    return link;
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
    this.#leave?.();
    this.#flush();
    this.#channel.close();
  }

  #show(): void {
    for (const link of this.#links) link.show();
  }

  #wake(): void {
    this.#queueForLead(false);
    this.#show();
  }

  /** Gives up the lead and its links' places, now: there may be no later. */
  #sleep(): void {
    for (const { id } of this.#links) this.#post({ type: "detach", from: id });
    this.#leave?.();
    this.#flush();
  }

  #newName(): string {
    return Array.from({ length: 3 }, () => Math.floor(this.#environment.random() * 2 ** 32).toString(36)).join("");
  }

  #queueForLead(steal: boolean): void {
    if (this.#hub !== null || (this.#leave !== null && !steal)) return;
    this.#leave?.();
    const waiting = new AbortController();
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const stop = () => {
      waiting.abort();
      if (this.#leave !== stop) return;
      this.#leave = null;
      this.#hub?.close();
      this.#hub = null;
      leave();
    };
    this.#leave = stop;
    const lead = () => {
      if (this.#leave !== stop) return Promise.resolve();
      this.#hub = new StreamHub(this.#newName(), this.#openUpstream, this.#environment, (told) => this.#post(told));
      return left;
    };
    const options = { steal, signal: waiting.signal };
    this.#world.holdPlace(this.#name, options, lead).catch(() => {
      // Taken away by a tab that believed this one asleep, or not waited for any longer.
      if (this.#leave !== stop) return;
      stop();
      this.#queueForLead(false);
    });
  }

  /**
   * Says something to all tabs, this one included; later, so that nobody is told in the middle of what it does, and
   * together with what else is said then.
   */
  #post(message: TabMessage): void {
    this.#unsent.push(message);
    if (this.#unsent.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#unsent;
    if (messages.length === 0) return;
    this.#unsent = [];
    const ownIds = new Set([...this.#links].map(({ id }) => id));
    // Copying each piece of an answer for tabs it is not meant for costs more than reading it.
    const forOthers = messages.filter((message) => !("to" in message) || message.to.some((id) => !ownIds.has(id)));
    if (forOthers.length > 0) this.#channel.post(forOthers);
    this.#hear(messages);
  }

  #hear(messages: readonly TabMessage[]): void {
    const ofLinks = messages.filter((message): message is LinkMessage => "from" in message);
    if (ofLinks.length > 0) this.#hub?.take(ofLinks);
    for (const message of messages) {
      if ("hub" in message) for (const link of [...this.#links]) link.take(message);
    }
  }
}

/** Opens a stream whose connection is shared with every tab of the same scope. */
export function openSharedStream(
  options: Pick<StreamOptions, "sessionIds" | "onEvent"> & { readonly scope: string },
  world: TabWorld,
  environment: Environment,
  openUpstream: OpenLink,
): AnswerStream {
  const tab = new Tab(options.scope, world, environment, openUpstream);
  const stream = new LiveStream(options, environment, (request, handlers) => tab.openLink(request, handlers));
  const close = stream.close.bind(stream);
  return Object.assign(stream, {
    close() {
      close();
      tab.close();
    },
  });
}
