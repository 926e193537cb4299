import { defaultRangeExtractor, measureElement, useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { UnsentMessage } from "../connection/state.ts";
import { useText } from "../language/language.ts";
import { useEditing } from "./chat-ui.ts";
import { type FoundMessage, useFoundInView } from "./found-message.ts";
import { rowHeight } from "./list-heights.ts";
import { type List, Row } from "./list-row.tsx";
import { OlderMark, type OlderPages } from "./older-mark.tsx";
import type { PathStep } from "./path.ts";

/** So near to the end the list follows what is being written; further up it leaves the reader alone. */
const followPixels = 24;
/** So far from the end the way back is offered. */
const awayPixels = 160;
/** Rows drawn beyond what is seen, at either side. */
const overscanRows = 3;
/** Rows from the top at which older ones are fetched. */
const olderRows = 10;
const rowGapPixels = 20;

type MessageListProps = {
  readonly path: readonly PathStep[];
  readonly unsent: readonly UnsentMessage[];
  readonly older: OlderPages | null;
  /** The message that was looked for, where the page was opened at one. */
  readonly found: FoundMessage | null;
};

/**
 * The messages, of which only those near the view are drawn. The end stays in view while it is there, whatever grows;
 * a reader who has scrolled up is not moved, neither by what is written below nor by what is loaded above.
 */
export function MessageList({ path, unsent, older, found }: MessageListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const editedId = useEditing(({ messageId }) => messageId);
  const editedIndex = editedId === null ? -1 : path.findIndex(({ message }) => message.message_id === editedId);
  const keyOf = useCallback((index: number) => rowKey(index, path, unsent), [path, unsent]);
  const list = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: path.length + unsent.length,
    getScrollElement: () => scroller.current,
    getItemKey: keyOf,
    estimateSize: (index) => rowHeight(path[index]?.message, scroller.current?.clientWidth ?? 0),
    // Past every end: without it the first rows would be drawn, to be thrown away for the last.
    initialOffset: Number.MAX_SAFE_INTEGER,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: followPixels,
    overscan: overscanRows,
    // In a task of its own behind the scroll event's, which has to lay out and paint: the rows beyond the view hide the wait.
    useFlushSync: false,
    // While it scrolls, no row is laid out for its own sake: the browser tells its height with the picture it is in.
    measureElement: (element, entry, instance) =>
      (entry === undefined && instance.isScrolling ? reservedPixels(instance, element) : null) ??
      measureElement(element, entry, instance),
    gap: rowGapPixels,
    paddingStart: 28,
    paddingEnd: 32,
    directDomUpdates: true,
    directDomUpdatesMode: "position",
    // What is being edited keeps what was typed, however far one scrolls meanwhile.
    rangeExtractor: (range) => withRow(defaultRangeExtractor(range), editedIndex),
    onChange: (instance) => setAway(toEndPixels(instance) > awayPixels),
  });
  useBeginAtEnd(list);
  useFoundInView(list, found, path);
  useReturnOnSend(list, unsent.length);
  useEndInView(list, scroller);
  useLayoutEffect(() => {
    if (editedIndex !== -1) list.scrollToIndex(editedIndex, { align: "auto" });
  }, [list, editedIndex]);
  const rows = list.getVirtualItems();
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        data-testid="messages"
        className="h-full overflow-y-auto overscroll-contain [overflow-anchor:none] [scrollbar-gutter:stable_both-edges]"
      >
        <div ref={list.containerRef} className="relative mx-auto w-full max-w-[46rem]">
          {older !== null && <OlderMark older={older} wanted={(rows[0]?.index ?? olderRows) < olderRows} />}
          {rows.map(({ key, index }) => (
            <div key={key} ref={list.measureElement} data-index={index} className="absolute inset-x-0 px-4">
              <Row step={path[index]} unsent={unsent[index - path.length]} list={list} index={index} />
            </div>
          ))}
        </div>
      </div>
      {away && <JumpDown onJump={() => list.scrollToEnd()} />}
    </div>
  );
}

function reservedPixels(list: List, row: HTMLDivElement): number | null {
  return list.measurementsCache[list.indexFromElement(row)]?.size ?? null;
}

/** As far as the rows are measured: the element itself would have to be laid out for it once more each time. */
function toEndPixels(list: List): number {
  return list.getTotalSize() - (list.scrollOffset ?? 0) - (list.scrollRect?.height ?? 0);
}

function rowKey(index: number, path: readonly PathStep[], unsent: readonly UnsentMessage[]): string {
  return path[index]?.message.message_id ?? unsent[index - path.length]?.key ?? `${index}`;
}

function withRow(indexes: number[], kept: number): number[] {
  if (kept === -1 || indexes.includes(kept)) return indexes;
  return [...indexes, kept].sort((one, other) => one - other);
}

/** A conversation opens at its end. */
function useBeginAtEnd(list: List): void {
  const begun = useRef(false);
  const { count } = list.options;
  useLayoutEffect(() => {
    if (begun.current || count === 0) return;
    begun.current = true;
    list.scrollToEnd();
  }, [list, count]);
}

/** Whoever sends something wants to see what comes of it, however far up they had been reading. */
function useReturnOnSend(list: List, unsentCount: number): void {
  const before = useRef(unsentCount);
  useEffect(() => {
    if (unsentCount > before.current) list.scrollToEnd();
    before.current = unsentCount;
  }, [unsentCount, list]);
}

/** The composer grows, a keyboard opens: what was in view at the end stays there. */
function useEndInView(list: List, scroller: RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    let height = element.clientHeight;
    const observer = new ResizeObserver(() => {
      const grown = element.clientHeight - height;
      height = element.clientHeight;
      if (list.getDistanceFromEnd() + grown <= followPixels) list.scrollToEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [list, scroller]);
}

function JumpDown({ onJump }: { readonly onJump: () => void }) {
  const text = useText();
  return (
    <button
      type="button"
      data-testid="jump-down"
      aria-label={text("thread.to_latest")}
      onClick={onJump}
      className="absolute bottom-3 left-1/2 flex size-9 -translate-x-1/2 items-center justify-center rounded-full border border-line bg-raised text-soft shadow-float animate-appear hover:text-ink touch:size-11"
    >
      <ArrowDown size={17} aria-hidden />
    </button>
  );
}
