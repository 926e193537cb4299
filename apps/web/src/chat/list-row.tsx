import type { Virtualizer } from "@tanstack/react-virtual";
import { memo, useDeferredValue, useState } from "react";
import type { UnsentMessage } from "../connection/state.ts";
import { Answer } from "./answer.tsx";
import type { PathStep } from "./path.ts";
import { SystemMessage } from "./system-message.tsx";
import { Unsent } from "./unsent-message.tsx";
import { UserMessage } from "./user-message.tsx";

export type List = Virtualizer<HTMLDivElement, HTMLDivElement>;

type RowProps = {
  readonly step: PathStep | undefined;
  readonly unsent: UnsentMessage | undefined;
  readonly list: List;
  readonly index: number;
};

/**
 * One message. A row that scrolling brings near the view, or that lies above it when a chat is opened, is set beyond it,
 * in slices between which the page goes on: setting several answers at once would hold it up. Until then it is as high as
 * the list believes it to be.
 */
export const Row = memo(function Row({ step, unsent, list, index }: RowProps) {
  const [reservedPixels] = useState(() =>
    list.isScrolling || isAboveView(list, index) ? (list.measurementsCache[index]?.size ?? 0) : null,
  );
  const isSet = useDeferredValue(true, reservedPixels === null);
  if (!isSet) return <div style={{ height: reservedPixels ?? 0 }} />;
  if (step === undefined) return unsent === undefined ? null : <Unsent message={unsent} />;
  if (step.message.role === "system") return <SystemMessage {...step} />;
  return step.message.role === "user" ? <UserMessage {...step} /> : <Answer {...step} />;
});

/** As far as the rows are measured. Not below it: what is appended there comes into view in this very picture. */
function isAboveView(list: List, index: number): boolean {
  const row = list.measurementsCache[index];
  const furthest = list.getTotalSize() - (list.scrollRect?.height ?? 0);
  return row !== undefined && row.end < Math.min(list.scrollOffset ?? 0, furthest);
}
