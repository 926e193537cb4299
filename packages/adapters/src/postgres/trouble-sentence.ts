import type { DatabaseTrouble } from "./store/index.ts";

const troubles: Readonly<Record<DatabaseTrouble, string>> = {
  away: "it does not answer",
  read_only: "it is read-only",
  full: "there is no space left on its disk",
};

/** Why the database at this place takes no writes, for the operator; null: it takes them again. */
export function troubleSentence(trouble: DatabaseTrouble | null, place = ""): string {
  const database = place === "" ? "The database" : `The database (${place})`;
  return trouble === null ? `${database} takes writes again.` : `${database} takes no writes: ${troubles[trouble]}.`;
}
