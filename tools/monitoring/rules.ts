import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { root } from "../command.ts";
import { evaluate, secondsOfTime } from "./expression.ts";
import type { RecordedSeries } from "./series.ts";

const ruleSchema = z.strictObject({
  alert: z.string().regex(/^[A-Z]\w+$/),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+[smh]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(["warning", "critical"]) }),
  annotations: z.strictObject({ summary: z.string(), action: z.string() }),
});
export type AlertRule = z.infer<typeof ruleSchema>;

const fileSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(ruleSchema) })),
});

/** The alerts that are shipped. */
export function alertRules(): readonly AlertRule[] {
  const text = fs.readFileSync(path.join(root, "deploy/prometheus-rules.yml"), "utf8");
  return fileSchema.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

/** Whether an alert fires: its expression has held at every look for as long as it must. */
export function fires(rule: AlertRule, series: RecordedSeries, atSeconds: number, intervalSeconds: number): boolean {
  const heldSeconds = rule.for === undefined ? 0 : secondsOfTime(rule.for);
  for (let lookSeconds = atSeconds - heldSeconds; lookSeconds <= atSeconds; lookSeconds += intervalSeconds) {
    if (evaluate(rule.expr, series, lookSeconds).length === 0) return false;
  }
  return true;
}
