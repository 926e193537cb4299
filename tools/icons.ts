/** Makes the page's icons in the sizes that systems ask for from `apps/web/public/icon.svg`. `npm run icons`. */
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { chromiumPath } from "./chromium.ts";
import { root, say } from "./command.ts";

const publicFolder = path.join(root, "apps", "web", "public");

/** `share`: how much of the square the drawing fills; a mask may cut a tenth off each side. */
const icons = [
  { name: "icon-192", pixels: 192, share: 1, round: true },
  { name: "icon-512", pixels: 512, share: 1, round: true },
  { name: "apple-touch-180", pixels: 180, share: 1, round: false },
  { name: "maskable-512", pixels: 512, share: 0.8, round: false },
] as const;

const drawing = fs.readFileSync(path.join(publicFolder, "icon.svg"), "utf8");
const browser = await chromium.launch({
  executablePath: await chromiumPath(),
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  for (const { name, pixels, share, round } of icons) {
    const page = await browser.newPage({ viewport: { width: pixels, height: pixels }, colorScheme: "light" });
    // Without its own round corners the ground fills the square, and the system cuts it as it likes.
    const svg = round ? drawing : drawing.replace('rx="8"', "");
    const ground = round ? "transparent" : "#0f5b5e";
    const side = Math.round(pixels * share);
    await page.setContent(
      `<style>html,body{margin:0;height:100%;background:${ground}}body{display:grid;place-items:center}
       svg{width:${side}px;height:${side}px;display:block}</style>${svg}`,
    );
    const file = path.join(publicFolder, "icons", `${name}.png`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await page.screenshot({ path: file, omitBackground: round });
    await page.close();
    say(`${path.relative(root, file)}: ${fs.statSync(file).size} bytes`);
  }
} finally {
  await browser.close();
}
