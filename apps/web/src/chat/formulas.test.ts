import { describe, expect, it } from "vitest";
import { markFormulas, mayHoldFormulas } from "./formulas.ts";

describe("formulas", () => {
  it("are written between double dollars, whichever way they came", () => {
    expect(markFormulas("so $e^{i\\pi} + 1 = 0$ holds")).toBe("so $$e^{i\\pi} + 1 = 0$$ holds");
    expect(markFormulas("so \\(x\\) and \\[y\\] hold")).toBe("so $$x$$ and $$y$$ hold");
    expect(markFormulas("  \\[ x^2 \\]")).toBe("  $$\n  x^2\n  $$");
    expect(markFormulas("$$ x^2 $$")).toBe("$$\nx^2\n$$");
    expect(markFormulas("\\[\nx\n\\]")).toBe("$$\nx\n$$");
    expect(markFormulas("$$\nx $y$\n$$")).toContain("x ");
  });

  it("are not prices, paths or variables", () => {
    for (const text of ["$5 and $10", "from $5-$10", "it costs 5$ or 6$", "$HOME/$USER", "a \\$x\\$ b", "$ x $"]) {
      expect(markFormulas(text)).toBe(text);
    }
  });

  it("are not looked for in code", () => {
    const code = "```sh\necho $a$\n```\nand `$b$`";
    expect(markFormulas(code)).toBe(code);
    expect(markFormulas("~~~\n\\(x\\)\n~~~\n\\(y\\)")).toBe("~~~\n\\(x\\)\n~~~\n$$y$$");
  });

  it("are absent from most texts, which is seen at once", () => {
    expect(mayHoldFormulas("A plain text (with brackets) [and more]")).toBe(false);
    expect(mayHoldFormulas("\\(x\\)")).toBe(true);
  });
});
