import { keepOwn, personalKeys, recallOwnJson } from "./person.ts";

/** Sessions whose chosen branches are remembered. */
const keptSessions = 40;

type Choices = Readonly<Record<string, string>>;
type Paths = Readonly<Record<string, Choices>>;

/** Which branches were chosen in a session, from an earlier visit. */
export function recallPath(sessionId: string): Choices {
  return all()[sessionId] ?? {};
}

/** Remembers the chosen branches of a session; those of sessions chosen in longest ago are forgotten. */
export function keepPath(sessionId: string, selected: Choices): void {
  const { [sessionId]: _before, ...others } = all();
  const entries = [...Object.entries(others), [sessionId, selected] as const].slice(-keptSessions);
  keepOwn(personalKeys.paths, JSON.stringify(Object.fromEntries(entries)));
}

function all(): Paths {
  return recallOwnJson(
    personalKeys.paths,
    (value) => (typeof value === "object" && value !== null ? (value as Paths) : {}),
    {},
  );
}
