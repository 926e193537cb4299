import type { Messages } from "./text.ts";

type LanguageEntry = {
  /** How its own speakers call it. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  readonly load: () => Promise<Messages>;
};

/** Every language of the page. Only the one in use is fetched. */
export const languages = {
  en: { name: "English", direction: "ltr", load: async () => (await import("./messages/en.ts")).en },
  de: { name: "Deutsch", direction: "ltr", load: async () => (await import("./messages/de.ts")).de },
  zh: { name: "中文", direction: "ltr", load: async () => (await import("./messages/zh.ts")).zh },
  ar: { name: "العربية", direction: "rtl", load: async () => (await import("./messages/ar.ts")).ar },
} as const satisfies Record<string, LanguageEntry>;

export type Language = keyof typeof languages;

/** What the reader chose: a language, or whatever the browser prefers. */
export type LanguageWish = Language | "browser";

export function isLanguage(text: string | null): text is Language {
  return text !== null && Object.hasOwn(languages, text);
}

/** The language for a wish and the browser's preferences, best first; English where none of them is here. */
export function chosenLanguage(wish: LanguageWish, preferences: readonly string[]): Language {
  if (wish !== "browser") return wish;
  return preferences.map(baseOf).find(isLanguage) ?? "en";
}

/** The locale for numbers and dates: the reader's own region where it speaks the language of the page. */
export function chosenLocale(language: Language, preferences: readonly string[]): string {
  return preferences.find((preference) => baseOf(preference) === language && isValid(preference)) ?? language;
}

function baseOf(locale: string): string {
  return locale.toLowerCase().split(/[-_]/)[0] ?? "";
}

function isValid(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}
