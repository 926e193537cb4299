import fs from "node:fs";
import path from "node:path";

/** A rule of `.dockerignore`, the last one that fits decides. */
type Rule = { readonly pattern: RegExp; readonly keeps: boolean };

/** What a build is sent of a folder: files by their path, as `.dockerignore` leaves them. Folders are told with a `/`. */
export function isInContext(dockerignore: string, file: string): boolean {
  let isKept = true;
  for (const { pattern, keeps } of rulesIn(dockerignore)) if (pattern.test(file)) isKept = keeps;
  return isKept;
}

function rulesIn(text: string): readonly Rule[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ pattern: patternOf(line.replace(/^!/, "")), keeps: line.startsWith("!") }));
}

/** `**` stands for any folders, `*` for part of a name; whatever is below a folder that fits, fits. */
function patternOf(glob: string): RegExp {
  const parts = glob.replace(/^\//, "").split("/");
  const body = parts.map((part) => {
    if (part === "**") return "(?:[^/]+/)*";
    const name = part
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]");
    return `${name}/`;
  });
  return new RegExp(`^${body.join("").replace(/\/$/, "")}(?:/.*)?$`);
}

export type Dockerfile = {
  /** `COPY` from the build's folder: what, and where to. */
  readonly copies: readonly { readonly sources: readonly string[]; readonly target: string }[];
  /** `RUN` of the first stage, in order. */
  readonly commands: readonly string[];
  readonly images: readonly string[];
};

export function readDockerfile(text: string): Dockerfile {
  const lines = text.replaceAll("\\\n", " ").split("\n");
  const all = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim());
  const copies = all("COPY").filter((line) => !line.startsWith("--from"));
  return {
    copies: copies.map((line) => {
      const words = line.split(/\s+/);
      return { sources: words.slice(0, -1), target: words.at(-1)! };
    }),
    commands: all("RUN"),
    images: all("FROM").map((line) => line.split(" ")[0]!),
  };
}

/** Does what `COPY` would: into `target`, of the files that are in the context. Returns their paths. */
export function copyContext(
  from: string,
  target: string,
  dockerfile: Dockerfile,
  dockerignore: string,
): readonly string[] {
  const copied: string[] = [];
  const copy = (source: string, destination: string): void => {
    if (!isInContext(dockerignore, source)) return;
    const whole = path.join(from, source);
    if (fs.statSync(whole).isDirectory()) {
      for (const name of fs.readdirSync(whole)) copy(path.posix.join(source, name), path.join(destination, name));
      return;
    }
    fs.mkdirSync(path.dirname(destination), { recursive: true });
    fs.copyFileSync(whole, destination);
    copied.push(source);
  };
  for (const { sources, target: place } of dockerfile.copies) {
    for (const source of sources) {
      const into = place.endsWith("/") ? path.join(target, place, path.basename(source)) : path.join(target, place);
      copy(source, into);
    }
  }
  return copied;
}
