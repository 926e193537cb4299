import { defaultFilter } from "cmdk";

/** What the server found begins its value with this: it matches whatever was typed, for the server has said so. */
export const foundPrefix = "found ";
/** Behind everything that the page itself finds. */
const foundRank = 0.000_01;
/** Anything less is chance: one "z" in a name counts for as many as are typed. */
const leastRank = 0.02;

/** How well an item matches what was typed; 0: not at all. */
export function rankOf(value: string, search: string, keywords?: string[]): number {
  if (value.startsWith(foundPrefix)) return foundRank;
  const rank = defaultFilter(value, search, keywords);
  return rank < leastRank ? 0 : rank;
}
