import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./command.ts";

/** Rows of the table of threats: each ends with a test's file and its title. */
const rows = fs
  .readFileSync(path.join(root, "docs/security.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| who"))
  .map((line) => line.split("|").at(-2)!.trim());

describe("the threats of docs/security.md", () => {
  it("are as many as there were, and more", () => {
    expect(rows.length).toBeGreaterThanOrEqual(27);
  });

  it.each(rows)("are shown by %s", (shown) => {
    const [, file = "", title = ""] = /^`([^`]+)` "(.+)"$/.exec(shown) ?? [];
    const source = fs.readFileSync(path.join(root, file), "utf8");
    expect(source).toContain(title);
  });
});
