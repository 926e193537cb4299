import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** One file of the project. `path` is relative to the project's folder, with `/`. */
export type SourceFile = { readonly path: string; readonly text: string };

/** Something a rule objects to. `line` counts from 1; 0 stands for the file as a whole. */
export type Finding = { readonly path: string; readonly line: number; readonly message: string };

/** A rule looks at all files at once and knows nothing but them. */
export type Rule = (files: readonly SourceFile[]) => readonly Finding[];

const programPattern = /\.(?:ts|tsx|mts|mjs|js|jsx)$/;
const notOurs = new Set(["node_modules", "dist", ".git", ".cache", "coverage", "data", ".cluster"]);

export function isProgram(file: SourceFile): boolean {
  return programPattern.test(file.path);
}

export function isTest(file: SourceFile): boolean {
  return /\.test\.tsx?$/.test(file.path) || /(?:^|\/)(?:test|tests|testing|conformance|sim|fixtures)\//.test(file.path);
}

/** Paths of all files that are or will be under version control; all but the built ones where there is no git. */
export function projectFiles(root: string): string[] {
  try {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return [...new Set(listed.split("\0"))]
      .filter((file) => file !== "" && fs.existsSync(path.join(root, file)))
      .sort();
  } catch {
    return walk(root, "").sort();
  }
}

function walk(root: string, folder: string): string[] {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const inside = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : walk(root, inside);
    return entry.isFile() ? [inside] : [];
  });
}

/** The programs among the project's files, with their text. */
export function loadPrograms(root: string): SourceFile[] {
  return projectFiles(root)
    .filter((file) => programPattern.test(file))
    .map((file) => ({ path: file, text: fs.readFileSync(path.join(root, file), "utf8") }));
}

/** Every place a pattern (with the flag `g`) matches, as findings. `text` is the file's, perhaps with parts blanked. */
export function matches(
  file: SourceFile,
  text: string,
  pattern: RegExp,
  message: (match: string) => string,
): Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineAt(text, match.index),
    message: message(match[0]),
  }));
}

export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
