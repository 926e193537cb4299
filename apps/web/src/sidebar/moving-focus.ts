import type { KeyboardEvent } from "react";

/** Arrow keys go through the entries as through a list. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const to = event.key === "Home" ? 0 : event.key === "End" ? -1 : null;
  if (step === 0 && to === null) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-roving]")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  if (at === -1) return;
  event.preventDefault();
  links.at(to ?? Math.min(Math.max(at + step, 0), links.length - 1))?.focus();
}
