import path from "node:path";
import { blank } from "./blank.ts";
import { type Finding, isProgram, isTest, lineAt, type Rule, type SourceFile } from "./source.ts";

export type ImportStatement = { readonly from: SourceFile; readonly specifier: string; readonly line: number };

const importPattern =
  /(?:^|[\s;}])(?:import|export)\s+(?:type\s+)?(?:[\w$*\s{},]+?\s+from\s+)?["']([^"'\n]+)["']|\bimport\(\s*["'`]([^"'`\n]+)["'`]/g;

/** Static and dynamic imports and re-exports of a file. */
export function importsOf(file: SourceFile): ImportStatement[] {
  const text = blank(file.text, "comments");
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2]!;
    return { from: file, specifier, line: lineAt(text, match.index + match[0].lastIndexOf(specifier)) };
  });
}

/** What each part may import of the others; the order of the house. Everything else may import anything. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "packages/protocol": [],
  "packages/stream": ["protocol"],
  "packages/chat": ["stream", "protocol"],
  "packages/adapters": ["chat", "stream", "protocol"],
  "packages/client": ["stream", "protocol"],
  "apps/web": ["client", "stream", "protocol"],
  "apps/backend": ["adapters", "chat", "stream", "protocol"],
  "apps/workflow": ["adapters", "chat", "stream", "protocol"],
  "apps/all-in-one": ["backend", "workflow", "adapters", "chat", "stream", "protocol"],
  "apps/gateway": ["protocol"],
};

/** The only packages of others that the inner parts are built on. */
export const outsideAllowed: Readonly<Record<string, readonly string[]>> = {
  "packages/protocol": ["zod"],
  "packages/stream": ["@noble/hashes"],
  "packages/chat": [],
};

/** The workspace a path lies in, such as `packages/stream`; null outside of all. */
export function partOf(file: string): string | null {
  return /^(?:packages|apps)\/[^/]+(?=\/)/.exec(file)?.[0] ?? null;
}

/**
 * apps → adapters → chat → stream → protocol; web → client → stream, protocol; never upwards or sideways. Tests may
 * start real servers with `@uci/services`.
 */
export const importDirection: Rule = (files) =>
  allImports(files).flatMap((statement) => {
    const part = partOf(statement.from.path);
    const target = /^@uci\/([^/]+)/.exec(statement.specifier)?.[1];
    if (part === null || target === undefined) return [];
    if (part.endsWith(`/${target}`))
      return [finding(statement, "imports its own package by name; use a relative path")];
    if (mayImport[part]?.includes(target) || (target === "services" && isTest(statement.from))) return [];
    return [finding(statement, `${part} must not import ${statement.specifier}`)];
  });

/** Across packages by name, inside a package relative: no relative path leaves its package. */
export const relativeImportsStayInside: Rule = (files) =>
  allImports(files).flatMap((statement) => {
    const part = partOf(statement.from.path);
    if (part === null || !statement.specifier.startsWith(".")) return [];
    if (resolved(statement).startsWith(`${part}/`)) return [];
    return [finding(statement, `the relative import ${statement.specifier} leaves ${part}`)];
  });

/** Folders of packages/adapters/src do not know each other. */
export const adaptersApart: Rule = (files) =>
  allImports(files).flatMap((statement) => {
    const own = adapterFolder(statement.from.path);
    if (own === null || !statement.specifier.startsWith(".")) return [];
    const other = adapterFolder(resolved(statement));
    if (other === null || other === own) return [];
    return [finding(statement, `the adapter ${own} must not import the adapter ${other}`)];
  });

/** The inner packages are built on their one named library, or on nothing. */
export const innerPackagesStandAlone: Rule = (files) =>
  allImports(files).flatMap((statement) => {
    const allowed = outsideAllowed[partOf(statement.from.path) ?? ""];
    const { specifier } = statement;
    if (allowed === undefined || isTest(statement.from) || /^(?:\.|@uci\/)/.test(specifier)) return [];
    if (allowed.some((name) => specifier === name || specifier.startsWith(`${name}/`))) return [];
    return [finding(statement, `${partOf(statement.from.path)} must not depend on ${specifier}`)];
  });

/** No file is reached again from itself by way of relative imports. */
export const noImportCycle: Rule = (files) => {
  const programs = new Map(files.filter(isProgram).map((file) => [file.path, file]));
  const state = new Map<string, "open" | "done">();
  const findings: Finding[] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    state.set(file.path, "open");
    for (const statement of importsOf(file)) {
      const target = statement.specifier.startsWith(".") ? programs.get(resolved(statement)) : undefined;
      if (target === undefined) continue;
      const way = [...trail, target.path];
      if (state.get(target.path) === "open") {
        findings.push(finding(statement, `import cycle: ${way.slice(way.indexOf(target.path)).join(" → ")}`));
      } else if (!state.has(target.path)) visit(target, way);
    }
    state.set(file.path, "done");
  };
  for (const file of programs.values()) if (!state.has(file.path)) visit(file, [file.path]);
  return findings;
};

function allImports(files: readonly SourceFile[]): ImportStatement[] {
  return files.filter(isProgram).flatMap(importsOf);
}

/** The project path a relative import names. */
function resolved(statement: ImportStatement): string {
  return path.posix.join(path.posix.dirname(statement.from.path), statement.specifier);
}

function adapterFolder(file: string): string | null {
  return /^packages\/adapters\/src\/([^/]+)\//.exec(file)?.[1] ?? null;
}

function finding(statement: ImportStatement, message: string): Finding {
  return { path: statement.from.path, line: statement.line, message };
}
