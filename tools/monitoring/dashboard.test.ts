import { type MetricName, metricDefinitions } from "@uci/adapters/metrics";
import { describe, expect, it } from "vitest";
import { dashboardJson, shownExpressions, unshownMetrics } from "./dashboard.ts";

const names = Object.keys(metricDefinitions) as MetricName[];
const used = (expression: string) => [...expression.matchAll(/uci_\w+/g)].map(([name]) => name);

/** The metric a series belongs to: histograms have several. */
function metricOf(series: string): MetricName | undefined {
  return names.find((name) => {
    const isHistogram = metricDefinitions[name].kind === "histogram";
    return isHistogram ? [`${name}_bucket`, `${name}_count`, `${name}_sum`].includes(series) : series === name;
  });
}

describe("the dashboard", () => {
  it("shows every metric, or says why it does not", () => {
    const shown = new Set(shownExpressions().flatMap(used).map(metricOf));
    const missing = names.filter((name) => !shown.has(name) && unshownMetrics[name] === undefined);
    expect(missing).toEqual([]);
    expect(Object.keys(unshownMetrics).filter((name) => shown.has(name as MetricName))).toEqual([]);
  });

  it("asks for no metric that is not there, counters by their growth", () => {
    for (const expression of shownExpressions()) {
      for (const series of used(expression)) {
        const metric = metricOf(series);
        expect(metric, `${series} in ${expression}`).toBeDefined();
        const isCounted = metricDefinitions[metric!].kind !== "gauge";
        const mustStayZero = /contradictions|mismatches/.test(series);
        if (isCounted && !mustStayZero) expect(expression).toContain(`rate(${series}[`);
      }
    }
  });

  it("has each panel at a place of its own", () => {
    const { panels } = JSON.parse(dashboardJson()) as { panels: { id: number; gridPos: { x: number; y: number } }[] };
    expect(new Set(panels.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`)).size).toBe(panels.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});
