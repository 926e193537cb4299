import { useEffect, useState } from "react";
import { classNames } from "../ui/class-names.ts";
import type { Connection } from "./state.ts";
import { useChat } from "./store.ts";

/** A break shorter than this is nobody's concern. */
const quietMs = 700;

/** A state of the connection in which nothing arrives. */
export type Trouble = Exclude<Connection["state"], "open" | "closed" | "paused">;

/** The state of the connection once it is worth mentioning; null while all is well. */
export function useTrouble(): Trouble | null {
  const { state, sinceMs } = useChat((chat) => chat.connection);
  const [noticed, setNoticed] = useState(false);
  const trouble = state === "open" || state === "closed" || state === "paused" ? null : state;
  const well = trouble === null;
  useEffect(() => {
    setNoticed(false);
    if (well) return;
    const timer = setTimeout(() => setNoticed(true), Math.max(0, sinceMs + quietMs - Date.now()));
    return () => clearTimeout(timer);
  }, [well, sinceMs]);
  return noticed ? trouble : null;
}

/** Two pixels under the header that show when the connection is not there. */
export function ConnectionLine() {
  const state = useChat((chat) => chat.connection.state);
  const trouble = useTrouble();
  return (
    <div data-testid="connection-state" data-state={state} className="relative z-10 h-0 w-full" aria-hidden>
      <div
        className={classNames(
          "h-0.5 transition-opacity duration-200",
          trouble === null ? "opacity-0" : "opacity-100",
          trouble === "reconnecting" || trouble === "connecting" ? "bg-warn animate-breathe" : "bg-line-strong",
          trouble === "refused" && "bg-danger",
        )}
      />
    </div>
  );
}
