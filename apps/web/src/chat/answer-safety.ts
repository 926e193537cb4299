import { defaultRehypePlugins, type StreamdownProps } from "streamdown";

type Node = {
  readonly type: string;
  readonly tagName?: string;
  readonly properties?: Record<string, unknown>;
  children?: Node[];
};

/** Footnotes point at each other by these; everything else by its place alone. */
const ofFootnotes = /^(?:user-content-)?fn(?:ref)?-/;

/** Takes the names from elements, which the page uses to find its own, and sources that pictures would be loaded from. */
function withoutNames() {
  return (tree: Node): void => clean(tree);
}

function clean(node: Node): void {
  const { properties } = node;
  if (properties !== undefined) {
    if (typeof properties.id !== "string" || !ofFootnotes.test(properties.id)) delete properties.id;
    delete properties.name;
  }
  if (node.children === undefined) return;
  node.children = node.children.filter(({ tagName }) => tagName !== "source");
  for (const child of node.children) clean(child);
}

/** What makes a model's HTML harmless: the library's sanitising, and what this page needs beyond it. */
export const answerSafety: NonNullable<StreamdownProps["rehypePlugins"]> = [
  ...Object.values(defaultRehypePlugins),
  withoutNames,
];
