import { create } from "zustand";

/** Whether the command palette is open. */
export const usePaletteState = create<{ open: boolean }>(() => ({ open: false }));

let chosen: (() => void) | null = null;

export function openPalette(open = true): void {
  if (open) chosen = null;
  usePaletteState.setState({ open });
}

/** Closes the palette and does what was chosen once the focus is back on the page. */
export function closePaletteFor(action: () => void): void {
  chosen = action;
  usePaletteState.setState({ open: false });
}

/** Does what was chosen, once. */
export function doChosen(): void {
  const action = chosen;
  chosen = null;
  action?.();
}
