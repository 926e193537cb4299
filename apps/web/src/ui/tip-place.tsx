import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { watchTips } from "./tip-watch.ts";

/** Between a tip and what it is about, and between it and the edges of the window. */
const gapPixels = 6;
const edgePixels = 8;
const tipId = "tip";

/** Shows the tip of whatever is pointed at or focused, one at a time. Stands once on the page. */
export function TipPlace() {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => watchTips(setTarget, (node) => box.current?.contains(node) === true), []);
  return target === null ? null : createPortal(<Words box={box} target={target} />, document.body);
}

type WordsProps = { readonly box: RefObject<HTMLDivElement | null>; readonly target: HTMLElement };

function Words({ box, target }: WordsProps) {
  const { tip, tipKeys } = target.dataset;
  useLayoutEffect(() => {
    const words = box.current;
    if (words === null) return;
    place(words, target);
    target.setAttribute("aria-describedby", tipId);
    return () => target.removeAttribute("aria-describedby");
  }, [box, target]);
  return (
    <div
      ref={box}
      id={tipId}
      role="tooltip"
      className="fixed top-0 left-0 z-50 flex w-max items-center gap-2 rounded-small bg-ink px-2 py-1 text-caption text-page select-none animate-appear"
    >
      {tip}
      {tipKeys !== undefined && <span className="opacity-65">{tipKeys}</span>}
    </div>
  );
}

/** Above and in the middle; below where there is no room above, and never over the edge of the window. */
function place(words: HTMLElement, target: HTMLElement): void {
  const at = target.getBoundingClientRect();
  const { width, height } = words.getBoundingClientRect();
  const above = at.top - gapPixels - height;
  const furthest = document.documentElement.clientWidth - edgePixels - width;
  const left = Math.max(edgePixels, Math.min(at.left + (at.width - width) / 2, furthest));
  words.style.top = `${above >= edgePixels ? above : at.bottom + gapPixels}px`;
  words.style.left = `${left}px`;
}
