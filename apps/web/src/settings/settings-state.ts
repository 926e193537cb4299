import { create } from "zustand";

export type SettingsPage = "general" | "prompts" | "data" | "account";

/** Which page of the settings is open; null: none. */
export const useSettingsDialog = create<{ page: SettingsPage | null }>(() => ({ page: null }));

export function openSettings(page: SettingsPage | null = "general"): void {
  useSettingsDialog.setState({ page });
}
