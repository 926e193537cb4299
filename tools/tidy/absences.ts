import { blank } from "./blank.ts";
import { type Finding, isProgram, isTest, matches, type Rule, type SourceFile } from "./source.ts";

type Absence = {
  readonly name: string;
  /** Which files may not have it. */
  readonly where: (file: SourceFile) => boolean;
  readonly pattern: RegExp;
  readonly message: string;
  /** Whether the pattern is about what stands in strings, too. */
  readonly inStrings?: boolean;
};

const isSource = (file: SourceFile) => isProgram(file) && !isTest(file);
const isHeart = (file: SourceFile) => isSource(file) && /^packages\/(?:stream|chat)\/src\//.test(file.path);
const isShipped = (file: SourceFile) => isSource(file) && /^(?:packages|apps)\//.test(file.path);

/** What is nowhere to be found, and where. */
export const absences: readonly Absence[] = [
  {
    name: "stream and chat import nothing of Node",
    where: isHeart,
    pattern: /["']node:[\w/]+["']/g,
    message: "no Node module here; let a port bring it in",
    inStrings: true,
  },
  {
    name: "stream and chat do not fetch",
    where: isHeart,
    pattern: /\bfetch\s*\(/g,
    message: "no I/O here; let a port bring it in",
  },
  {
    name: "stream and chat read no clock",
    where: isHeart,
    pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bperformance\s*\.\s*now\b/g,
    message: "no clock here; take the Clock port",
  },
  {
    name: "stream and chat draw no lots",
    where: isHeart,
    pattern: /\bMath\s*\.\s*random\b|\bcrypto\s*\.|\brandomUUID\b/g,
    message: "no randomness here; take the NonceSource port",
  },
  {
    name: "stream and chat set no timers",
    where: isHeart,
    pattern: /\b(?:setTimeout|setInterval|setImmediate)\b/g,
    message: "no timers here; take the Clock port",
  },
  {
    name: "stream and chat do not know the process",
    where: isHeart,
    pattern: /\bprocess\s*\./g,
    message: "the process is not known here",
  },
  {
    name: "the environment is read in config.ts alone",
    where: (file) => isShipped(file) && !/^apps\/[^/]+\/src\/config\.ts$/.test(file.path),
    pattern: /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/g,
    message: "the environment is read in apps/*/src/config.ts alone",
  },
  {
    name: "subjects are built in one file",
    where: (file) => isShipped(file) && file.path !== "packages/protocol/src/subjects.ts",
    pattern: /["'`]chat\.(?:workflow|journal|owner|pod|session|message|worker|user)\./g,
    message: "subjects are built in packages/protocol/src/subjects.ts alone",
    inStrings: true,
  },
  {
    name: "registry keys are built in one file",
    where: (file) => isShipped(file) && file.path !== "packages/protocol/src/keys.ts",
    pattern: /["'`](?:session:connections|pod:connections|session:meta|heartbeat):/g,
    message: "keys are built in packages/protocol/src/keys.ts alone",
    inStrings: true,
  },
];

export function absenceRule({ where, pattern, message, inStrings }: Absence): Rule {
  const what = inStrings === true ? "comments" : "comments and strings";
  return (files) =>
    files
      .filter(where)
      .flatMap((file) => matches(file, blank(file.text, what), pattern, (match) => `${match}: ${message}`));
}

/** Server-sent events are written in exactly one file of the server side. */
export const oneWriterOfEvents: Rule = (files) => {
  const server = files.filter((file) => isShipped(file) && /^(?:apps\/(?!web\/)|packages\/adapters\/)/.test(file.path));
  const writers = server.flatMap((file) =>
    matches(file, blank(file.text, "comments"), /text\/event-stream/g, () => "writes text/event-stream").slice(0, 1),
  );
  if (writers.length > 1)
    return writers.map((entry) => ({ ...entry, message: "text/event-stream has one writer alone" }));
  const needsOne = server.some((file) => file.path === "apps/backend/src/main.ts");
  if (writers.length === 1 || !needsOne) return [];
  return [{ path: "apps/backend/src", line: 0, message: "no file writes text/event-stream" }];
};

const foreignWords = new Set(
  "http https express fastify react nats jetstream redis ioredis sql postgres postgresql kysely openai anthropic".split(
    " ",
  ),
);

/** A port is named after what its user needs, not after what stands behind it. */
export const portsNameNoProduct: Rule = (files) =>
  files
    .filter((file) => isProgram(file) && /(?:^|\/)ports\.ts$/.test(file.path))
    .flatMap((file) =>
      matches(file, blank(file.text, "comments"), /[A-Za-z][A-Za-z0-9]*/g, (word) => word)
        .filter((entry) => wordsOf(entry.message).some((word) => foreignWords.has(word)))
        .map((entry) => ({ ...entry, message: `a port names ${entry.message}` })),
    );

const emptyNames = new Set("manager managers helper helpers util utils utility utilities common commons v2".split(" "));

/** No file or folder has a name that says nothing about what is in it. */
export const namesSaySomething: Rule = (files) => {
  const findings = new Map<string, Finding>();
  for (const { path } of files) {
    const parts = path.split("/");
    for (const [index, part] of parts.entries()) {
      const empty = wordsOf(part).find((word) => emptyNames.has(word));
      const until = parts.slice(0, index + 1).join("/");
      if (empty !== undefined) findings.set(until, { path: until, line: 0, message: `"${empty}" says nothing` });
    }
  }
  return [...findings.values()];
};

/** `sqlPool` → sql, pool; `http-routes.ts` → http, routes, ts; `HTTPServer` → http, server; `storeV2` → store, v2. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.toLowerCase());
}
