import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

const shownBytes = 10 * 1024;

function gzipBytes(file: string): number {
  return gzipSync(fs.readFileSync(file), { level: 9 }).length;
}

/** Files that the page's first document asks for. */
function firstFiles(distFolder: string): string[] {
  const html = fs.readFileSync(path.join(distFolder, "index.html"), "utf8");
  return [...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, file]) => file ?? "");
}

/** Gzip bytes of script and style until the composer can be written in. */
export function composerBytes(distFolder: string): number {
  return firstFiles(distFolder).reduce((sum, file) => sum + gzipBytes(path.join(distFolder, file)), 0);
}

/** Scripts and styles that come later, the largest first. */
export function chunkSizes(distFolder: string): { name: string; bytes: number }[] {
  const first = new Set(firstFiles(distFolder));
  return fs
    .readdirSync(path.join(distFolder, "assets"))
    .filter((name) => /\.(?:js|css)$/.test(name) && !first.has(`assets/${name}`))
    .map((name) => ({
      name: name.replace(/-[\w-]{8}(?=\.\w+$)/, ""),
      bytes: gzipBytes(path.join(distFolder, "assets", name)),
    }))
    .filter(({ bytes }) => bytes >= shownBytes)
    .sort((one, other) => other.bytes - one.bytes);
}
