import { type ReactNode, useDeferredValue } from "react";

/**
 * Sets what nobody looks at first, the actions below a message, in a slice of its own behind the picture in which the
 * message appears. It must have its place reserved.
 */
export function Afterwards({ children }: { readonly children: ReactNode }): ReactNode {
  return useDeferredValue(true, false) && children;
}
