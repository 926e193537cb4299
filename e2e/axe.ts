import fs from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const everything = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** What another theme can change; the page's elements are the same in it. */
const colours = ["color-contrast", "link-in-text-block"];

type AxeResult = {
  violations: { id: string; nodes: { html: string; failureSummary: string; target: unknown[] }[] }[];
};

type Looked = {
  /** A menu that is open stands outside of all landmarks. */
  readonly menu?: boolean | undefined;
  /** Only what a theme can change. */
  readonly coloursAlone?: boolean;
};

/** What axe finds on the page as it stands, one line each. */
export async function violations(page: Page, { menu = false, coloursAlone = false }: Looked = {}): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not concern.
  await page.evaluate(`if (window.axe === undefined) { ${axeSource} }; undefined`);
  const options = JSON.stringify({
    runOnly: coloursAlone ? { type: "rule", values: colours } : { type: "tag", values: everything },
    resultTypes: ["violations"],
    ...(menu ? { rules: { region: { enabled: false } } } : {}),
  });
  const result = (await page.evaluate(`axe.run(document, ${options})`)) as AxeResult;
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 300)}`),
  );
}
