import { errorRegistry, isErrorCode, type Message } from "@uci/protocol";
import { Button } from "../ui/button.tsx";

type EndingProps = { readonly message: Message; readonly onRetry: () => void; readonly onContinue: () => void };

/** How an answer ended, where it did not simply end. */
export function AnswerEnding({ message, onRetry, onContinue }: EndingProps) {
  if (message.status === "stopped") return <p className="mt-2 text-caption text-faint">Stopped</p>;
  if (message.status === "interrupted") {
    return (
      <Trouble text="The answer broke off. What was written is kept.">
        <Button onClick={onContinue}>Continue</Button>
        <Button kind="quiet" onClick={onRetry}>
          Start again
        </Button>
      </Trouble>
    );
  }
  if (message.status !== "failed") return null;
  const { text, helps } = whatHappened(message);
  return (
    <Trouble text={`${text} ${helps ? "Trying again may help." : "Trying again will not help as long as this is so."}`}>
      <Button data-testid="retry" onClick={onRetry}>
        Try again
      </Button>
    </Trouble>
  );
}

function Trouble({ text, children }: { readonly text: string; readonly children: React.ReactNode }) {
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-3 border-l-2 border-danger py-1 pl-4">
      <p className="min-w-56 flex-1 text-side text-soft">{text}</p>
      <div className="flex gap-1">{children}</div>
    </div>
  );
}

function whatHappened({ metadata }: Message): { text: string; helps: boolean } {
  const error = metadata.error as { code?: unknown; message?: unknown } | undefined;
  const code = typeof error?.code === "string" ? error.code : "";
  const registered = isErrorCode(code) ? errorRegistry[code] : null;
  const told = typeof error?.message === "string" && error.message !== "" ? error.message : null;
  return {
    text: told ?? registered?.meaning ?? "The answer could not be written.",
    helps: registered?.retryable ?? true,
  };
}
