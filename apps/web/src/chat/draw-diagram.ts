/** Longer sources would hold the page up; they stay text. */
const drawnCharacters = 20_000;

let drawings = 0;
/** One at a time: the library keeps its configuration for all. */
let before: Promise<unknown> = Promise.resolve();

/**
 * Draws a Mermaid source as SVG. The library, which is large, comes with the first diagram, each kind of diagram with
 * the first of its kind. Throws when the source is no diagram.
 */
export function drawDiagram(source: string, theme: "light" | "dark"): Promise<string> {
  if (source.length > drawnCharacters) return Promise.reject(new Error("the diagram is too large"));
  const drawn = before.then(() => draw(source, theme));
  before = drawn.catch(() => {});
  return drawn;
}

async function draw(source: string, theme: "light" | "dark"): Promise<string> {
  const { default: mermaid } = await import("mermaid");
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    // In a picture there is no HTML, and no font but the system's: both must be so while it is measured, too.
    htmlLabels: false,
    flowchart: { htmlLabels: false, useMaxWidth: false },
    fontFamily: "system-ui, sans-serif",
    suppressErrorRendering: true,
    theme: "base",
    look: "classic",
    darkMode: theme === "dark",
    themeVariables: colours[theme],
  });
  const { svg } = await mermaid.render(`diagram-${++drawings}`, source);
  return svg;
}

const colours = {
  light: {
    primaryColor: "#eef3f2",
    primaryTextColor: "#25221d",
    primaryBorderColor: "#7fa3a0",
    secondaryColor: "#f4f1ec",
    tertiaryColor: "#faf8f5",
    lineColor: "#6f6b64",
    textColor: "#25221d",
    useGradient: false,
    dropShadow: "none",
  },
  dark: {
    primaryColor: "#25302f",
    primaryTextColor: "#e9e6e1",
    primaryBorderColor: "#5f8a86",
    secondaryColor: "#2c2a27",
    tertiaryColor: "#22201e",
    lineColor: "#a19c94",
    textColor: "#e9e6e1",
    background: "#161412",
    useGradient: false,
    dropShadow: "none",
  },
} as const;
