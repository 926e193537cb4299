import { defaultFilter } from "cmdk";

/** What the server found begins its value with this: it matches whatever was typed, for the server has said so. */
export const foundPrefix = "found ";
/** Behind everything that the page itself finds. */
const foundRank = 0.000_01;

/** How well an item matches what was typed; 0: not at all. */
export function rankOf(value: string, search: string, keywords?: string[]): number {
  return value.startsWith(foundPrefix) ? foundRank : defaultFilter(value, search, keywords);
}
