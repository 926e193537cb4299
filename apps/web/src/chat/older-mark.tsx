import { useEffect, useRef } from "react";
import { useText } from "../language/language.ts";

type OlderMarkProps = { readonly busy: boolean; readonly failed: boolean; readonly onWanted: () => void };

/** Fetches older messages well before the reader gets to the top. */
export function OlderMark({ busy, failed, onWanted }: OlderMarkProps) {
  const text = useText();
  const mark = useRef<HTMLDivElement>(null);
  const latest = useRef(onWanted);
  latest.current = onWanted;
  useEffect(() => {
    if (busy || failed || mark.current === null) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) latest.current();
      },
      { rootMargin: "800px 0px 0px 0px" },
    );
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [busy, failed]);
  return (
    <div ref={mark} className="flex h-8 items-center justify-center text-caption text-faint">
      {failed && (
        <button type="button" className="font-medium text-accent hover:underline" onClick={onWanted}>
          {text("thread.older")}
        </button>
      )}
    </div>
  );
}
