/** Names of what this page keeps in the browser for whoever uses it. What belongs to a person is in `person.ts`. */
export const storageKeys = {
  theme: "uci.theme",
  language: "uci.language",
  sideBar: "uci.side_bar",
} as const;

/** Reads a kept text; null where there is none or storage is forbidden. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text, or forgets it when null. A full or forbidden storage loses it silently: nothing depends on it. */
export function keep(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // Private windows may refuse; the page works without memory.
  }
}

/** Reads a kept value and hands it to `check`, which returns what of it can be believed. */
export function recallJson<Value>(key: string, check: (value: unknown) => Value, otherwise: Value): Value {
  const text = recall(key);
  if (text === null) return otherwise;
  try {
    return check(JSON.parse(text));
  } catch {
    return otherwise;
  }
}

/** Names under which something is kept that begin like this. */
export function keptNames(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}
