import type { Virtualizer } from "@tanstack/react-virtual";
import { memo, useDeferredValue, useState } from "react";
import type { UnsentMessage } from "../connection/state.ts";
import { Answer } from "./answer.tsx";
import type { PathStep } from "./path.ts";
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
 * One message. A row that scrolling brings near the view is set beyond it, in slices between which the page scrolls on:
 * setting several answers at once would hold it up. Until then it is as high as the list believes it to be.
 */
export const Row = memo(function Row({ step, unsent, list, index }: RowProps) {
  const [reservedPixels] = useState(() => (list.isScrolling ? (list.measurementsCache[index]?.size ?? 0) : null));
  const isSet = useDeferredValue(true, reservedPixels === null);
  if (!isSet) return <div style={{ height: reservedPixels ?? 0 }} />;
  if (step === undefined) return unsent === undefined ? null : <Unsent message={unsent} />;
  return step.message.role === "user" ? <UserMessage {...step} /> : <Answer {...step} />;
});
