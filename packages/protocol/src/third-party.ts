/** The same object without the fields that are null: to a third party's program that is nothing. */
export function absentNulls(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const there = Object.entries(given).filter(([, value]) => value !== null);
  return Object.fromEntries(there.map(([key, value]) => [key, isObject(value) ? absentNulls(value) : value]));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
