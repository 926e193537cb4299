import { useEffect, useRef, useState } from "react";

/** The tokens of one line: its text, and its colours on light and on dark. */
export type ColourRow = readonly (readonly [text: string, light: string, dark: string])[];
export type ColourRequest =
  | { kind: "colour"; listing: number; code: string; language: string }
  | { kind: "forget"; listing: number };
/** `rows` replace everything from line `from` on. */
export type ColourReply = { listing: number; from: number; rows: ColourRow[] };

/** Longer code is shown without colours: even away from the page it would take many seconds. */
const colouredCharacters = 200_000;
/** While a listing is being written it is coloured this often at most. */
const writingPauseMs = 120;

let worker: Worker | null | undefined;
let listings = 0;
const listeners = new Map<number, (reply: ColourReply) => void>();

/** The worker comes with the first code that names its language; without one, code stays readable as it is. */
function ask(request: ColourRequest): void {
  if (worker === undefined) {
    try {
      worker = new Worker(new URL("./colour-worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }: MessageEvent<ColourReply>) => listeners.get(data.listing)?.(data);
    } catch {
      worker = null;
    }
  }
  worker?.postMessage(request);
}

/** The coloured rows of a listing, as far as they are there. A row belongs to its line while both have one text. */
export function useColours(code: string, language: string, isIncomplete: boolean): readonly ColourRow[] {
  const [rows, setRows] = useState<readonly ColourRow[]>([]);
  const listing = useRef(0);
  const askedMs = useRef(0);
  const colourable = language !== "" && code.length <= colouredCharacters;
  useEffect(() => {
    if (!colourable) return;
    const id = ++listings;
    listing.current = id;
    listeners.set(id, ({ from, rows: changed }) => setRows((before) => [...before.slice(0, from), ...changed]));
    return () => {
      listeners.delete(id);
      ask({ kind: "forget", listing: id });
    };
  }, [colourable]);
  useEffect(() => {
    if (!colourable) return;
    const request = () => {
      askedMs.current = performance.now();
      ask({ kind: "colour", listing: listing.current, code, language });
    };
    const waitMs = isIncomplete ? askedMs.current + writingPauseMs - performance.now() : 0;
    if (waitMs <= 0) {
      request();
      return;
    }
    const timer = setTimeout(request, waitMs);
    return () => clearTimeout(timer);
  }, [code, language, isIncomplete, colourable]);
  return rows;
}
