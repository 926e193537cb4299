import { errorRegistry, isErrorCode, type Message } from "@uci/protocol";
import { useText } from "../language/language.ts";
import { type Problem, useProblemText } from "../language/problem.ts";
import { Button } from "../ui/button.tsx";
import { Reference } from "../ui/reference.tsx";

type EndingProps = {
  readonly message: Message;
  readonly onRetry: () => void;
  /** Null where the server could not go on from it. */
  readonly onContinue: (() => void) | null;
};

/** How an answer ended, where it did not simply end. */
export function AnswerEnding({ message, onRetry, onContinue }: EndingProps) {
  const text = useText();
  const problemText = useProblemText();
  const begun = message.content !== "";
  const continuable = begun && onContinue !== null;
  if (message.status === "stopped") {
    return (
      <p className="mt-2 flex items-center gap-1 text-caption text-faint">
        {text("thread.stopped")}
        {continuable && (
          <button
            type="button"
            data-testid="continue"
            className="rounded-small px-1.5 py-0.5 font-medium text-accent hover:bg-hover touch:min-h-11"
            onClick={onContinue}
          >
            {text("thread.continue")}
          </button>
        )}
      </p>
    );
  }
  const goOn = continuable && (
    <Button data-testid="continue" onClick={onContinue}>
      {text("thread.continue")}
    </Button>
  );
  if (message.status === "interrupted") {
    return (
      <Trouble text={text("thread.interrupted")} of={message}>
        {goOn}
        <Button kind="quiet" onClick={onRetry}>
          {text("thread.start_again")}
        </Button>
      </Trouble>
    );
  }
  if (message.status !== "failed") return null;
  const error = errorOf(message);
  const problem = error === null ? text("thread.not_written") : problemText(error);
  const helps = error === null || !isErrorCode(error.code) || errorRegistry[error.code].retryable;
  return (
    <Trouble text={text(helps ? "thread.trying_helps" : "thread.trying_is_useless", { problem })} of={message}>
      {helps && goOn}
      <Button data-testid="retry" kind={helps && continuable ? "quiet" : "plain"} onClick={onRetry}>
        {text("shell.try_again")}
      </Button>
    </Trouble>
  );
}

type TroubleProps = { readonly text: string; readonly of: Message; readonly children: React.ReactNode };

function Trouble({ text, of, children }: TroubleProps) {
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-3 border-s-2 border-danger py-1 ps-4">
      <div className="min-w-56 flex-1">
        <p className="text-side text-soft">{text}</p>
        <Reference problem={{ correlationId: of.metadata.correlation_id }} />
      </div>
      <div className="flex gap-1">{children}</div>
    </div>
  );
}

function errorOf({ metadata }: Message): Problem | null {
  const error = metadata.error as { code?: unknown; message?: unknown } | undefined;
  const code = typeof error?.code === "string" ? error.code : "";
  const message = typeof error?.message === "string" ? error.message : "";
  return isErrorCode(code) || message !== "" ? { code, message } : null;
}
