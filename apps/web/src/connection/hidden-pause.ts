import { useChat } from "./store.ts";

/** A tab with a connection of its own that was hidden for this long gives it back. */
const hiddenPauseMs = 30_000;

type PausedConnection = {
  /** Whether the connection is the tab's own: a shared one pauses for nobody. */
  readonly isOwn: () => boolean;
  readonly pause: () => void;
  readonly reconnect: () => void;
};

/**
 * A tab that nobody looks at and in which nothing happens gives a connection of its own back: a browser has six of
 * them for all tabs.
 */
export function pauseWhileHidden({ isOwn, pause, reconnect }: PausedConnection): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      if (useChat.getState().connection.state === "paused") reconnect();
      return;
    }
    if (!isOwn()) return;
    timer = setTimeout(() => {
      if (Object.keys(useChat.getState().live).length === 0) pause();
      else watch();
    }, hiddenPauseMs);
  };
  document.addEventListener("visibilitychange", watch);
}
