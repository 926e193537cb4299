/** Writes what the documentation and the containers take from the code: `npm run docs`. */
import fs from "node:fs";
import path from "node:path";
import { root, say } from "./command.ts";
import { columnTables } from "./docs/columns.ts";
import { deployFiles } from "./docs/deploy-files.ts";
import { documents, withTables } from "./docs/documents.ts";
import { generatedTables } from "./docs/tables.ts";

const tables = { ...generatedTables(), ...(await columnTables()) };
for (const { file, text } of documents()) {
  write(file, text, withTables(text, tables));
}
for (const [file, written] of Object.entries(deployFiles())) {
  const place = path.join(root, file);
  write(file, fs.existsSync(place) ? fs.readFileSync(place, "utf8") : null, written);
}

function write(file: string, before: string | null, written: string): void {
  if (written === before) return;
  fs.writeFileSync(path.join(root, file), written);
  say(`${file}: written`);
}
