/** A text as PostgreSQL can keep it: it has no U+0000, and a lone half of a surrogate pair is no character. */
export function storable(text: string): string {
  return (text.includes("\u0000") ? text.replaceAll("\u0000", "\uFFFD") : text).toWellFormed();
}

/** JSON of a value as PostgreSQL can keep it. In JSON those characters are escapes, which no later look at it tells apart. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "string" ? storable(inner) : inner));
}
