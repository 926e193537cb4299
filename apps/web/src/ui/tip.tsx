import { cloneElement, type HTMLAttributes, type ReactElement } from "react";

type Tipped = HTMLAttributes<HTMLElement> & { readonly "data-tip"?: string; readonly "data-tip-keys"?: string };

type TipProps = {
  readonly text: string;
  readonly keys?: string | undefined;
  readonly children: ReactElement<Tipped>;
};

/**
 * A few words about what is under the pointer or in focus. The element only carries them; `TipPlace` shows them: with a
 * tooltip of its own for each of its buttons, an answer took half as long again to draw.
 */
export function Tip({ text, keys, children }: TipProps) {
  return cloneElement(children, { "data-tip": text, ...(keys === undefined ? {} : { "data-tip-keys": keys }) });
}
