import { useEffect, useState } from "react";

type FormulaReader = typeof import("./formula-reader.ts").formulaReader;

let loaded: FormulaReader | null = null;

/** What sets formulas, once it has arrived; asked for when it is needed. Without it formulas stay as they are written. */
export function useFormulaReader(needed: boolean): FormulaReader | null {
  const [reader, setReader] = useState(loaded);
  useEffect(() => {
    if (!needed || loaded !== null) return;
    let wanted = true;
    import("./formula-reader.ts")
      .then(({ formulaReader }) => {
        loaded = formulaReader;
        if (wanted) setReader(formulaReader);
      })
      .catch(() => {});
    return () => {
      wanted = false;
    };
  }, [needed]);
  return needed ? (reader ?? loaded) : null;
}
