import type { TabChannel, TabWorld } from "../src/index.ts";

type Waiting = { hold: () => Promise<void>; done: () => void; fail: (error: Error) => void };
type Listener = (messages: Parameters<TabChannel["post"]>[0]) => void;

/** A browser in memory: channels and places for any number of tabs. */
export class TabBrowser {
  readonly #channels = new Map<string, Map<object, { tab: Tab; listener: Listener }>>();
  readonly #holders = new Map<string, Waiting>();
  readonly #queues = new Map<string, Waiting[]>();

  tab(): Tab {
    return new Tab(this);
  }

  join(name: string, tab: Tab, listener: Listener): TabChannel {
    const members = this.#channels.get(name) ?? new Map<object, { tab: Tab; listener: Listener }>();
    this.#channels.set(name, members);
    const own = {};
    members.set(own, { tab, listener });
    return {
      post: (messages) => {
        if (tab.frozen) return;
        const copy = structuredClone(messages);
        for (const [key, member] of members) {
          if (key !== own) setImmediate(() => members.has(key) && member.tab.hear(copy, member.listener));
        }
      },
      close: () => void members.delete(own),
    };
  }

  hold(name: string, steal: boolean, signal: AbortSignal, hold: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { hold, done: resolve, fail: reject };
      if (steal) {
        this.#holders.get(name)?.fail(new Error("stolen"));
        this.#holders.delete(name);
        this.#grant(name, waiting);
        return;
      }
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, [...queue, waiting]);
      signal.addEventListener("abort", () => {
        const left = this.#queues.get(name) ?? [];
        if (!left.includes(waiting)) return;
        this.#queues.set(
          name,
          left.filter((other) => other !== waiting),
        );
        reject(new Error("given up"));
      });
      this.#next(name);
    });
  }

  #next(name: string): void {
    if (this.#holders.has(name)) return;
    const [first, ...rest] = this.#queues.get(name) ?? [];
    this.#queues.set(name, rest);
    if (first !== undefined) this.#grant(name, first);
  }

  #grant(name: string, waiting: Waiting): void {
    this.#holders.set(name, waiting);
    setImmediate(async () => {
      await waiting.hold();
      waiting.done();
      if (this.#holders.get(name) !== waiting) return;
      this.#holders.delete(name);
      this.#next(name);
    });
  }
}

/** One tab of it. `frozen`: it hears nothing and nothing it says arrives, and it does not know. */
export class Tab implements TabWorld {
  frozen = false;
  /** Everything that other tabs said to it. */
  heard: Parameters<Listener>[0] = [];
  readonly #browser: TabBrowser;
  readonly #awake = new Set<(awake: boolean) => void>();
  readonly #shown = new Set<() => void>();

  constructor(browser: TabBrowser) {
    this.#browser = browser;
  }

  openChannel(name: string, onMessages: Listener): TabChannel {
    return this.#browser.join(name, this, onMessages);
  }

  holdPlace(name: string, options: { steal: boolean; signal: AbortSignal }, hold: () => Promise<void>): Promise<void> {
    return this.#browser.hold(name, options.steal, options.signal, hold);
  }

  onAwake(listener: (awake: boolean) => void): () => void {
    this.#awake.add(listener);
    return () => void this.#awake.delete(listener);
  }

  onShown(listener: () => void): () => void {
    this.#shown.add(listener);
    return () => void this.#shown.delete(listener);
  }

  hear(messages: Parameters<Listener>[0], listener: Listener): void {
    if (this.frozen) return;
    this.heard = [...this.heard, ...messages];
    listener(messages);
  }

  /** The browser says that it freezes this tab, or leaves it. */
  sleep(): void {
    for (const listener of this.#awake) listener(false);
    this.frozen = true;
  }

  wake(): void {
    this.frozen = false;
    for (const listener of this.#awake) listener(true);
  }

  show(): void {
    for (const listener of this.#shown) listener();
  }
}
