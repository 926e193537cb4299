import { create } from "zustand";

/** The message that is being edited in its place; one at a time. */
export const useEditing = create<{ messageId: string | null }>(() => ({ messageId: null }));

export function edit(messageId: string | null): void {
  useEditing.setState({ messageId });
}

const composerId = "composer";

/** The id of the composer's field, so that a shortcut can go there. */
export const composerFieldId = composerId;

export function focusComposer(): void {
  document.getElementById(composerId)?.focus();
}

/** For a button that goes away with what it has done: the focus would be nowhere. On phones the keys would come up. */
export function keepFocus(): void {
  if (matchMedia("(hover: hover)").matches) focusComposer();
}
