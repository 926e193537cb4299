import { describe, expect, it } from "vitest";
import { columnTables } from "./docs/columns.ts";
import { documents, tableNames, withTables } from "./docs/documents.ts";
import { generatedTables } from "./docs/tables.ts";

describe("documentation", () => {
  const all = documents();

  it("has a place for every table of the code", async () => {
    const tables = { ...generatedTables(), ...(await columnTables()) };
    const shown = new Set(all.flatMap(({ text }) => tableNames(text)));
    expect([...shown].sort()).toEqual(Object.keys(tables).sort());
    for (const { file, text } of all) {
      expect(withTables(text, tables), `${file} is not what the code says: npm run docs`).toBe(text);
    }
  }, 60_000);
});
