import { lazy, Suspense } from "react";
import { usePaletteState } from "./palette-state.ts";

const Palette = lazy(() => import("./palette.tsx"));

/** Where the palette appears. It is fetched when it is wanted for the first time. */
export function PalettePlace() {
  const open = usePaletteState((state) => state.open);
  if (!open) return null;
  return (
    <Suspense fallback={null}>
      <Palette />
    </Suspense>
  );
}
