import { create } from "zustand";
import { keep, recall, storageKeys } from "../connection/storage.ts";

export type ThemeWish = "light" | "dark" | "system";

const darkSystem = matchMedia("(prefers-color-scheme: dark)");

function isWish(text: string | null): text is ThemeWish {
  return text === "light" || text === "dark" || text === "system";
}

const kept = recall(storageKeys.theme);
export const useTheme = create<{ wish: ThemeWish }>(() => ({ wish: isWish(kept) ? kept : "system" }));

/** Chooses light, dark or what the system says, now and for later visits. */
export function setTheme(wish: ThemeWish): void {
  keep(storageKeys.theme, wish === "system" ? null : wish);
  useTheme.setState({ wish });
  apply();
}

// `public/theme.js` has done the same before the page was drawn; the colours are those of the style sheet.
function apply(): void {
  const { wish } = useTheme.getState();
  const dark = wish === "dark" || (wish === "system" && darkSystem.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", dark ? "#161412" : "#fdfcfa");
}

darkSystem.addEventListener("change", apply);
