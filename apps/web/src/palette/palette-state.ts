import { create } from "zustand";

/** Whether the command palette is open. */
export const usePaletteState = create<{ open: boolean }>(() => ({ open: false }));

export function openPalette(open = true): void {
  usePaletteState.setState({ open });
}
