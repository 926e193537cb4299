import type { Account } from "@uci/protocol";
import { keep, keptNames, recall, recallJson } from "./storage.ts";

/** Names of what is kept of one person, under that person's own prefix. */
export const personalKeys = {
  model: "model",
  paths: "paths",
  /** When a guest last said "later" to an account, milliseconds since the epoch. */
  guestLater: "guest_later",
  unsent: (key: string) => `unsent.${key}`,
  attached: (sessionId: string | null) => `attached.${sessionId ?? "new"}`,
  draft: (sessionId: string | null) => `draft.${sessionId ?? "new"}`,
} as const;

/** Whose browser this is at the moment. `moved_from`: the guest that this person was before. */
type Owner = { readonly user_id: string; readonly guest: boolean; readonly moved_from: string | null };

/**
 * `same`: nobody else was here. `moved`: the guest of before has an account now and keeps everything. `other`: somebody
 * else, so that nothing of the person before may stay on the page.
 */
export type Succession = "same" | "moved" | "other";

const ownerKey = "uci.owner";
const personalPrefix = "uci.of/";
/** Releases before this one kept these for whoever came next; nobody knows whose they are. */
const formerlyRegistered = "uci.registered";
const ownerlessPrefixes = [
  formerlyRegistered,
  "uci.draft.",
  "uci.unsent.",
  "uci.attached.",
  "uci.paths",
  "uci.model",
  "uci.guest_later",
];

/** Whose things this page reads and writes; null: nobody's yet; undefined: not looked up yet. */
let pageOwner: Owner | null | undefined;

function ownerOfPage(): Owner | null {
  if (pageOwner === undefined) pageOwner = storedOwner();
  return pageOwner;
}

/** The user this page acts for; null before anybody is known. */
export function ownerId(): string | null {
  return ownerOfPage()?.user_id ?? null;
}

/** Whether somebody with an account is here, whose expired sign-in must not silently become a guest's. */
export function ownerHasAccount(): boolean {
  const owner = storedOwner();
  return owner === null ? recall(formerlyRegistered) !== null : !owner.guest;
}

export function recallOwn(name: string): string | null {
  return recall(ownPrefix(ownerId()) + name);
}

export function recallOwnJson<Value>(name: string, check: (value: unknown) => Value, otherwise: Value): Value {
  return recallJson(ownPrefix(ownerId()) + name, check, otherwise);
}

/** Everything of this person kept under names that begin like this and that `check` believes. */
export function recallOwnAll<Value>(prefix: string, check: (value: unknown) => Value | null): Value[] {
  return keptNames(ownPrefix(ownerId()) + prefix)
    .map((name) => recallJson(name, check, null))
    .filter((value) => value !== null);
}

/** Keeps a text of this person, or forgets it when null. A page that is not the browser's owner's any more keeps nothing. */
export function keepOwn(name: string, text: string | null): void {
  if (storedOwner()?.user_id === ownerOfPage()?.user_id) keep(ownPrefix(ownerId()) + name, text);
}

/**
 * Somebody is signed in: from now on this browser keeps things for that person alone. `linked`: the server moved the
 * chats of the guest who was signed in until then.
 */
export function succeed({ user_id, guest }: Account, linked: boolean): Succession {
  const before = ownerOfPage();
  const stored = storedOwner();
  const succession = successionOf(before, stored, { user_id, guest }, linked);
  if (before === null) moveOwn(null, user_id);
  else if (succession === "moved") moveOwn(before.user_id, user_id);
  pageOwner = { user_id, guest, moved_from: succession === "moved" ? (before?.user_id ?? null) : null };
  if (stored?.user_id !== user_id || stored.guest !== guest) keep(ownerKey, JSON.stringify(pageOwner));
  forgetOthers(user_id);
  return succession;
}

function successionOf(
  before: Owner | null,
  stored: Owner | null,
  next: Pick<Owner, "user_id" | "guest">,
  linked: boolean,
): Succession {
  if (before === null || before.user_id === next.user_id) return "same";
  // Another tab may have been the one in which the guest became somebody, and have written it down already.
  const unbroken =
    stored?.user_id === before.user_id || (stored?.user_id === next.user_id && stored.moved_from === before.user_id);
  return before.guest && !next.guest && linked && unbroken ? "moved" : "other";
}

/** Whoever was here has left: nothing of any person stays in this browser. */
export function forgetPerson(): void {
  keep(ownerKey, null);
  forgetOthers(null);
}

/** Calls `listener` when another tab says that somebody else is here, or nobody. */
export function onSuccessionElsewhere(listener: (succession: Exclude<Succession, "same">) => void): void {
  window.addEventListener("storage", ({ key }) => {
    const own = ownerId();
    if (key !== ownerKey || own === null) return;
    const stored = storedOwner();
    if (stored?.user_id !== own) listener(stored !== null && stored.moved_from === own ? "moved" : "other");
  });
}

function forgetOthers(userId: string | null): void {
  const own = userId === null ? null : ownPrefix(userId);
  for (const name of keptNames(personalPrefix)) if (own === null || !name.startsWith(own)) keep(name, null);
  for (const prefix of ownerlessPrefixes) for (const name of keptNames(prefix)) keep(name, null);
}

function moveOwn(from: string | null, to: string): void {
  for (const name of keptNames(ownPrefix(from))) {
    keep(ownPrefix(to) + name.slice(ownPrefix(from).length), recall(name));
    keep(name, null);
  }
}

function ownPrefix(userId: string | null): string {
  return `${personalPrefix}${encodeURIComponent(userId ?? "")}/`;
}

function storedOwner(): Owner | null {
  return recallJson(ownerKey, (value) => (isOwner(value) ? value : null), null);
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== "object" || value === null) return false;
  const { user_id, guest, moved_from } = value as Record<string, unknown>;
  return (
    typeof user_id === "string" && typeof guest === "boolean" && (moved_from === null || typeof moved_from === "string")
  );
}
