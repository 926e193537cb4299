import fs from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import type { Plugin } from "vite";

/** Smaller files fit into a packet or two either way. */
const smallestBytes = 1_024;
const compressible = /\.(?:js|css|html|svg)$/;
/** The slowest levels take a minute for the grammars and make them hardly smaller. */
const levels = { gzip: 8, brotli: 8 };

const gzip = promisify(zlib.gzip);
const brotli = promisify(zlib.brotliCompress);

/**
 * Puts a `.br` and a `.gz` beside each file of the built page, so that a pod without nginx in front sends it compressed at
 * no cost. Both, because browsers ask for Brotli only over a secure connection.
 */
export function compressedFiles(): Plugin {
  return {
    name: "compressed-files",
    apply: "build",
    async writeBundle({ dir }, bundle) {
      if (dir === undefined) return;
      const names = Object.keys(bundle).filter((name) => compressible.test(name));
      await Promise.all(names.map((name) => compress(path.join(dir, name))));
    },
  };
}

async function compress(file: string): Promise<void> {
  const bytes = await fs.readFile(file);
  if (bytes.length < smallestBytes) return;
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const params = { [BROTLI_PARAM_QUALITY]: levels.brotli, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  await Promise.all([
    brotli(bytes, { params }).then((small) => fs.writeFile(`${file}.br`, small)),
    gzip(bytes, { level: levels.gzip }).then((small) => fs.writeFile(`${file}.gz`, small)),
  ]);
}
