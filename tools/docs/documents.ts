import fs from "node:fs";
import path from "node:path";
import { root } from "../command.ts";

const folder = "docs/architecture";
const blockPattern = /(<!-- generated: ([a-z ]+) -->\n)[\s\S]*?(<!-- end -->)/g;

export type Document = { readonly file: string; readonly text: string };

/** The documents that may hold tables of the code. */
export function documents(): readonly Document[] {
  return fs
    .readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => ({ file: `${folder}/${name}`, text: fs.readFileSync(path.join(root, folder, name), "utf8") }));
}

/** Names of the tables a text has a place for. */
export function tableNames(text: string): string[] {
  return [...text.matchAll(blockPattern)].map((match) => match[2]!);
}

/** The text with every table as the code has it now. Throws for a table nobody makes. */
export function withTables(text: string, tables: Readonly<Record<string, string>>): string {
  return text.replace(blockPattern, (_all, begin: string, name: string, end: string) => {
    const table = tables[name];
    if (table === undefined) throw new Error(`there is no table called "${name}"`);
    return `${begin}${table}\n${end}`;
  });
}
