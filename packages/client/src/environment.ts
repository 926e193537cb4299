/** `fetch` as this package uses it. */
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** What a browser knows about its network; elsewhere nothing ever happens here. */
export interface NetworkSignals {
  /** False only when the machine is known to have no network. */
  isOnline(): boolean;
  /** Calls `listener` when trying again is worth while at once: back online, or awake again. Returns how to stop. */
  onWake(listener: () => void): () => void;
}

/** Everything this package takes from the world outside, so that a test can give it another one. */
export interface Environment {
  readonly fetch: Fetch;
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** A number in [0, 1), for jitter alone. */
  random(): number;
  readonly signals: NetworkSignals;
}

type EventSource = {
  addEventListener?: (type: string, listener: () => void) => void;
  removeEventListener?: (type: string, listener: () => void) => void;
};
type BrowserGlobals = EventSource & {
  navigator?: { onLine?: boolean };
  document?: EventSource & { visibilityState?: string };
};

/** The signals of the browser this runs in; silent ones in Node. */
export function browserSignals(globals: BrowserGlobals = globalThis as BrowserGlobals): NetworkSignals {
  return {
    isOnline: () => globals.navigator?.onLine !== false,
    onWake(listener) {
      const whenVisible = () => {
        if (globals.document?.visibilityState === "visible") listener();
      };
      globals.addEventListener?.("online", listener);
      globals.addEventListener?.("pageshow", listener);
      globals.document?.addEventListener?.("visibilitychange", whenVisible);
      return () => {
        globals.removeEventListener?.("online", listener);
        globals.removeEventListener?.("pageshow", listener);
        globals.document?.removeEventListener?.("visibilitychange", whenVisible);
      };
    },
  };
}

/** The real world, with the given parts replaced. */
export function environmentWith(replaced: Partial<Environment> = {}): Environment {
  return {
    fetch: (input, init) => globalThis.fetch(input, init),
    nowMs: () => Date.now(),
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    signals: browserSignals(),
    ...replaced,
  };
}
