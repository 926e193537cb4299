import type { TabMessage } from "./messages.ts";

type Listening = {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
};
type LockOptions = { readonly steal: true } | { readonly signal: AbortSignal };
type BrowserGlobals = Listening & {
  readonly document?: Listening & { readonly visibilityState: string };
  readonly navigator?: {
    readonly locks?: { request(name: string, options: LockOptions, hold: () => Promise<void>): Promise<unknown> };
  };
};

/** A place where all tabs of one browser hear each other, except the one that speaks. */
export interface TabChannel {
  post(messages: readonly TabMessage[]): void;
  close(): void;
}

/** What tabs need of the browser to share a connection, so that a test can give them another one. */
export interface TabWorld {
  openChannel(name: string, onMessages: (messages: readonly TabMessage[]) => void): TabChannel;
  /**
   * Waits for a place that one tab can hold, and holds it until `hold` resolves. `steal`: takes it from whoever has it.
   * Rejects when it is taken away, or when `signal` gives up waiting for it.
   */
  holdPlace(
    name: string,
    options: { readonly steal: boolean; readonly signal: AbortSignal },
    hold: () => Promise<void>,
  ): Promise<void>;
  /** Calls `listener` with whether this tab can work: false when it is frozen or left, true when it is back. */
  onAwake(listener: (awake: boolean) => void): () => void;
  /** Calls `listener` when somebody begins to look at this tab. */
  onShown(listener: () => void): () => void;
}

/** The browser's own; null where it has no locks or channels, as over plain HTTP. */
export function browserTabs(globals: BrowserGlobals = globalThis as unknown as BrowserGlobals): TabWorld | null {
  const { document } = globals;
  const locks = globals.navigator?.locks;
  if (document === undefined || locks === undefined || typeof BroadcastChannel !== "function") return null;
  return {
    openChannel(name, onMessages) {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => onMessages(data as readonly TabMessage[]);
      return {
        post: (messages) => channel.postMessage(messages),
        close: () => channel.close(),
      };
    },
    async holdPlace(name, { steal, signal }, hold) {
      // The two may not be given together: a theft does not wait.
      await locks.request(name, steal ? { steal } : { signal }, hold);
    },
    onAwake(listener) {
      const asleep = () => listener(false);
      const awake = () => listener(true);
      const stops = [
        listen(document, "freeze", asleep),
        listen(document, "resume", awake),
        // Left for good, or kept for the way back: in neither case does it work for the others.
        listen(globals, "pagehide", asleep),
        listen(globals, "pageshow", awake),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
    onShown(listener) {
      const whenVisible = () => {
        if (document.visibilityState === "visible") listener();
      };
      const stops = [listen(document, "visibilitychange", whenVisible), listen(globals, "focus", listener)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function listen(target: Listening, type: string, listener: () => void): () => void {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}
