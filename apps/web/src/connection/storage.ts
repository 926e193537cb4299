/** Names of everything this page keeps in the browser. */
export const storageKeys = {
  theme: "uci.theme",
  language: "uci.language",
  model: "uci.model",
  sideBar: "uci.side_bar",
  paths: "uci.paths",
  unsent: (key: string) => `uci.unsent.${key}`,
  /** Set once somebody signed in here, so that an expired sign-in does not silently become a guest's. */
  registered: "uci.registered",
  attached: (sessionId: string | null) => `uci.attached.${sessionId ?? "new"}`,
  /** When a guest last said "later" to an account, milliseconds since the epoch. */
  guestLater: "uci.guest_later",
  draft: (sessionId: string | null) => `uci.draft.${sessionId ?? "new"}`,
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

/** Everything kept under names that begin like this and that `check` believes. */
export function recallAll<Value>(prefix: string, check: (value: unknown) => Value | null): Value[] {
  let names: string[] = [];
  try {
    names = Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
  return names.map((name) => recallJson(name, check, null)).filter((value) => value !== null);
}
