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
