/** Writes the tables that the documentation takes from the code: `npm run docs`. */
import fs from "node:fs";
import path from "node:path";
import { root, say } from "./command.ts";
import { columnTables } from "./docs/columns.ts";
import { documents, withTables } from "./docs/documents.ts";
import { generatedTables } from "./docs/tables.ts";

const tables = { ...generatedTables(), ...(await columnTables()) };
for (const { file, text } of documents()) {
  const written = withTables(text, tables);
  if (written === text) continue;
  fs.writeFileSync(path.join(root, file), written);
  say(`${file}: written`);
}
