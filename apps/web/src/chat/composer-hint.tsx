import { useTrouble } from "../connection/connection-line.tsx";
import { useService } from "../connection/service-context.ts";
import type { Connection } from "../connection/state.ts";
import { useText } from "../language/language.ts";
import type { PlainMessageKey } from "../language/text.ts";

const words = {
  connecting: "composer.connecting",
  reconnecting: "composer.reconnecting",
  offline: "composer.offline",
  refused: "composer.refused",
} as const satisfies Partial<Record<Connection["state"], PlainMessageKey>>;

type HintProps = {
  readonly tooLong: boolean;
  /** Pictures go along that the chosen model cannot see. */
  readonly unseen: boolean;
};

/** One line under the composer, always there, so that nothing moves when it has something to say. */
export function ComposerHint({ tooLong, unseen }: HintProps) {
  const text = useText();
  const trouble = useTrouble();
  const service = useService();
  return (
    <div id="composer-hint" className="flex h-7 items-center justify-center gap-2 text-caption text-faint">
      {tooLong ? (
        <span className="text-danger">{text("composer.too_long")}</span>
      ) : unseen && trouble === null ? (
        <span className="truncate text-warn" role="status">
          {text("composer.cannot_see")}
        </span>
      ) : trouble !== null ? (
        <>
          <span className="truncate text-soft" role="status">
            {text(words[trouble])}
          </span>
          {trouble === "refused" && (
            <button
              type="button"
              className="font-medium text-accent hover:underline"
              onClick={() => service.reconnect()}
            >
              {text("shell.try_again")}
            </button>
          )}
        </>
      ) : (
        <span className="truncate touch:hidden">{text("composer.can_be_wrong")}</span>
      )}
    </div>
  );
}
