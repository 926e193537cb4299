import { describe, expect, it } from "vitest";
import { evaluate } from "./expression.ts";
import { RecordedSeries } from "./series.ts";

/** Two processes, read every minute for five; the counter of the second began anew in the middle. */
function recorded(): RecordedSeries {
  const series = new RecordedSeries();
  const restarted = [100, 130, 10, 40, 70];
  for (let minute = 0; minute < 5; minute++) {
    series.record(minute * 60, { job: "pods", instance: "a" }, `# HELP c x\nc{code="x"} ${minute * 60}\ng 4\nmost 8`);
    series.record(minute * 60, { job: "pods", instance: "b" }, `c{code="x"} ${restarted[minute]}\ng 8\nmost 8`);
  }
  return series;
}

const valuesOf = (text: string, atSeconds = 240) => evaluate(text, recorded(), atSeconds).map(({ value }) => value);

describe("the language of the alerts", () => {
  it.each<[string, number[]]>([
    ["g", [4, 8]],
    ['g{instance="b"}', [8]],
    ["sum(g)", [12]],
    ["min(g)", [4]],
    ["avg(g) * 2 + 1", [13]],
    ["max by (instance) (g)", [4, 8]],
    ["g > 4", [8]],
    ["g >= 4", [4, 8]],
    ["max(g) < 1", []],
    ["g / most", [0.5, 1]],
    ["max by (instance) (g) > 0 and max by (instance) (g / most) >= 1", [8]],
    ["absent(g == 5)", [1]],
    ["absent(g == 4)", []],
    ["absent(nothing)", [1]],
    ["sum(nothing) > 0", []],
    // From 0, 60, … 240, and 100, 130, (anew) 10, 40, 70.
    ["rate(c[5m])", [1, 100 / 240]],
    ["sum by (code) (increase(c[5m]))", [(1 + 100 / 240) * 300]],
    ["2 + 3 * 4", [14]],
  ])("%s", (text, values) => expect(valuesOf(text)).toEqual(values));

  it("knows nothing of what was read too long ago", () => expect(valuesOf("g", 600)).toEqual([]));

  it.each(["topk(3, g)", "g >", "sum(g", "rate(g)", "g ? g", "g or g"])("%s is not understood, and says so", (text) => {
    expect(() => valuesOf(text)).toThrow();
  });
});
