import { useTrouble } from "../connection/connection-line.tsx";
import { useService } from "../connection/service-context.ts";
import type { Connection } from "../connection/state.ts";

const words: Record<Connection["state"], string> = {
  connecting: "Connecting. What you send goes out as soon as it works.",
  reconnecting: "Connection lost, trying again. What you send is kept.",
  offline: "No network. What you send is kept and goes out later.",
  refused: "The server does not let this page in just now.",
  open: "",
  paused: "",
  closed: "",
};

/** One line under the composer, always there, so that nothing moves when it has something to say. */
export function ComposerHint({ tooLong }: { readonly tooLong: boolean }) {
  const trouble = useTrouble();
  const service = useService();
  return (
    <div id="composer-hint" className="flex h-7 items-center justify-center gap-2 text-caption text-faint">
      {tooLong ? (
        <span className="text-danger">This is longer than one message can be. Shorten it or send it in parts.</span>
      ) : trouble !== null ? (
        <>
          <span className="truncate text-soft" role="status">
            {words[trouble]}
          </span>
          {trouble === "refused" && (
            <button
              type="button"
              className="font-medium text-accent hover:underline"
              onClick={() => service.reconnect()}
            >
              Try again
            </button>
          )}
        </>
      ) : (
        <span className="truncate touch:hidden">Answers can be wrong. Check what matters.</span>
      )}
    </div>
  );
}
