import { createMathPlugin } from "@streamdown/math";
import "katex/dist/katex.min.css";

/** Sets formulas. Fetched, with its fonts, when an answer holds one. */
export const formulaReader = createMathPlugin({ singleDollarTextMath: false, errorColor: "var(--danger)" });
