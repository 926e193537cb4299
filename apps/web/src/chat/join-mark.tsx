import { useText } from "../language/language.ts";
import { Tip } from "../ui/tip.tsx";

/** A dotted hairline where another worker went on with an answer. */
export function JoinMark() {
  const text = useText();
  return (
    <Tip text={text("thread.continued")}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its words are in a tip that must be reachable */}
      <div tabIndex={0} role="note" data-testid="join-mark" className="my-1.5 flex h-3 items-center rounded-small">
        <span className="w-full border-t border-dotted border-line-strong" />
        <span className="sr-only">{text("thread.continued")}</span>
      </div>
    </Tip>
  );
}
