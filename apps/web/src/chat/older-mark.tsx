import { useEffect } from "react";
import { useText } from "../language/language.ts";

/** The pages before the loaded ones. */
export type OlderPages = { readonly busy: boolean; readonly failed: boolean; readonly fetch: () => void };

/** Fetches older messages well before the reader gets to the top; says so where it fails. */
export function OlderMark({ older, wanted }: { readonly older: OlderPages; readonly wanted: boolean }) {
  const text = useText();
  const { busy, failed, fetch } = older;
  useEffect(() => {
    if (wanted && !busy && !failed) fetch();
  }, [wanted, busy, failed, fetch]);
  if (!failed) return null;
  return (
    <div className="absolute inset-x-0 top-0 flex h-7 items-center justify-center text-caption">
      <button type="button" className="font-medium text-accent hover:underline" onClick={fetch}>
        {text("thread.older")}
      </button>
    </div>
  );
}
