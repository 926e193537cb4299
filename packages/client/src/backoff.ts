import type { Environment } from "./environment.ts";
import { clientLimits } from "./limits.ts";

/**
 * How long to wait before attempt `failures + 1`, in milliseconds: evenly spread between the floor and a ceiling that
 * doubles with each failure, so that many clients of one dead pod do not come back together.
 */
export function backoffMs(failures: number, random: Environment["random"]): number {
  const { backoffFloorMs: floor, backoffCeilingMs: limit } = clientLimits;
  const ceiling = Math.min(limit, floor * 2 ** Math.min(Math.max(failures, 1), 16));
  return Math.round(floor + (ceiling - floor) * random());
}
