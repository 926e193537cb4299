import fs from "node:fs";
import { z } from "zod";

/** A setting that names a file which is there. */
export function readableFile() {
  return z
    .string()
    .refine(isReadableFile, { error: ({ input }) => `must name a file that can be read${shown(input)}` });
}

/** What is longer than a path is the file's content, which may be a secret. */
function shown(given: unknown): string {
  return typeof given === "string" && /^[\x20-\x7e]{1,200}$/.test(given) ? `, and ${given} is none` : "";
}

function isReadableFile(path: unknown): boolean {
  try {
    fs.accessSync(String(path), fs.constants.R_OK);
    return fs.statSync(String(path)).isFile();
  } catch {
    return false;
  }
}
