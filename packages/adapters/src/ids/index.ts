import { type IdKind, idPrefixes } from "@uci/protocol";
import { uuidv7 } from "uuidv7";

/** A new id of a kind: its prefix and a UUIDv7, which sorts by time and never goes back within one process. */
export function makeId(kind: IdKind): string {
  return idPrefixes[kind] + uuidv7();
}
