export type EmbeddedDatabaseReason =
  /** There are no PostgreSQL programs for this operating system, C library and processor. */
  | "unsupported_platform"
  /** Another process has this data folder. */
  | "in_use"
  /** A folder cannot be created or written to. */
  | "not_writable"
  /** The data there belongs to another account, or there is no telling which of two databases is meant. */
  | "not_usable"
  | "disk_full"
  /** The data was made by another major version of PostgreSQL. */
  | "wrong_version"
  /** PostgreSQL ended at once, or did not become ready in time. */
  | "start_failed";

/** Why the embedded database did not start. The message is one sentence that says what to do about it. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = "EmbeddedDatabaseError";
  readonly reason: EmbeddedDatabaseReason;

  constructor(reason: EmbeddedDatabaseReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The system's code of a failed call, such as `EACCES`; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

const refusals = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT", "ELOOP", "ENAMETOOLONG"]);

/** Turns a failure to create or write something under `folder` into an error a person can act on. */
export function folderError(folder: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new EmbeddedDatabaseError("disk_full", `There is no space left for the database in ${folder}.`, {
      cause: error,
    });
  }
  if (code !== undefined && refusals.has(code)) {
    const message = `The database folder ${folder} cannot be created or written to (${code}); choose another data folder.`;
    return new EmbeddedDatabaseError("not_writable", message, { cause: error });
  }
  return error;
}
