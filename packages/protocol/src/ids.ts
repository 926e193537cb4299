import { z } from "zod";

/** Shape of a session id given from outside, of user ids in trusted mode, and of every id we make ourselves. */
export const identifierPattern = /^[A-Za-z0-9_-]{1,64}$/;

export const identifierSchema = z.string().regex(identifierPattern, "must match ^[A-Za-z0-9_-]{1,64}$");

/** Prefixes of the ids this system makes; each is followed by a UUIDv7. */
export const idPrefixes = {
  session: "sess_",
  message: "msg_",
  connection: "conn_",
  job: "job_",
  correlation: "corr_",
  user: "user_",
  folder: "fold_",
  prompt: "prom_",
  attachment: "att_",
} as const;

export type IdKind = keyof typeof idPrefixes;

/** Whether a text may stand as one token of a subject or key. */
export function isIdentifier(text: string): boolean {
  return identifierPattern.test(text);
}

/** Host name reduced to the characters an id may have, at most 40 of them; "host" when nothing is left. */
export function reducedHostName(hostName: string): string {
  const reduced = hostName.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40);
  return reduced === "" ? "host" : reduced;
}
