import type { Message } from "@uci/protocol";

const linePixels = 26;
/** Row of actions and the space before it. */
const actionsPixels = 34;
const bubblePixels = 20;
/** About how wide a character of the body is. */
const characterPixels = 7.6;
/** A long text of the reader's own is folded after so many lines. */
const foldedLines = 12;
const widestPixels = 704;

/**
 * About how high a message will be before it is drawn, so that the scroll bar does not lie much. Nothing depends on it:
 * whatever has been drawn is measured.
 */
export function rowHeight(message: Message | undefined, listWidth: number): number {
  if (message === undefined) return linePixels + bubblePixels + actionsPixels;
  const width = Math.min(widestPixels, Math.max(280, listWidth - 32));
  const perLine = (message.role === "user" ? width * 0.8 - 32 : width) / characterPixels;
  const { content } = message;
  // Beyond this the exact number of line breaks does not matter, and counting would take long.
  const breaks = content.length > 20_000 ? content.length / 80 : content.split("\n").length;
  const lines = Math.max(1, Math.ceil(content.length / perLine), breaks);
  if (message.role === "user") return Math.min(lines, foldedLines + 1) * linePixels + bubblePixels + actionsPixels;
  return lines * linePixels + actionsPixels;
}
