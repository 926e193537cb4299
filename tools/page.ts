import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { root, runPackageProgram, say } from "./command.ts";

const pageFolder = path.join(root, "apps", "web");
const builtFolder = path.join(pageFolder, "dist");
const stampName = ".built-from";
/** Everything the page is made of, apart from the dependencies, which the lock file stands for. */
const sourceFolders = ["apps/web", "packages/protocol/src", "packages/stream/src", "packages/client/src"];
const notSource = new Set(["node_modules", "dist", "test-results"]);

/** Builds the page when there is one and its sources are not those it was last built from. Throws with one sentence. */
export async function buildPageIfStale(): Promise<void> {
  if (!fs.existsSync(path.join(pageFolder, "vite.config.ts"))) return;
  const hash = sourceHash();
  if (readStamp() === hash) return;
  say("Building the page (once) …");
  // Built beside and swapped in, so that two starts at once, or one that is cut off, never leave half a page.
  const newFolder = path.join(root, ".cache", `page-${process.pid}`);
  const result = await runPackageProgram("vite/bin/vite.js", ["build", "--outDir", newFolder, "--emptyOutDir"], {
    folder: pageFolder,
    environment: { NODE_ENV: "production" },
    output: "keep",
  });
  if (result.code !== 0) {
    fs.rmSync(newFolder, { recursive: true, force: true });
    throw new Error(`${result.output.trimEnd()}\nBuilding the page failed; see the lines above.`);
  }
  fs.writeFileSync(path.join(newFolder, stampName), hash);
  fs.rmSync(builtFolder, { recursive: true, force: true });
  fs.renameSync(newFolder, builtFolder);
}

function readStamp(): string | null {
  try {
    return fs.readFileSync(path.join(builtFolder, stampName), "utf8");
  } catch {
    return null;
  }
}

function sourceHash(): string {
  const hash = createHash("sha256");
  const files = sourceFolders.flatMap((folder) => filesUnder(folder)).sort();
  for (const file of ["package-lock.json", ...files]) {
    hash
      .update(`${file}\0`)
      .update(fs.readFileSync(path.join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

function filesUnder(folder: string): string[] {
  const absolute = path.join(root, folder);
  if (!fs.existsSync(absolute)) return [];
  return fs.readdirSync(absolute, { withFileTypes: true }).flatMap((entry) => {
    const inside = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return notSource.has(entry.name) ? [] : filesUnder(inside);
    return entry.isFile() && !/\.test\.tsx?$/.test(entry.name) ? [inside] : [];
  });
}
