import { useEffect } from "react";
import { setLanguage, text } from "../language/language.ts";
import { isLanguage, type LanguageWish } from "../language/languages.ts";
import { showNotice } from "../ui/notice.tsx";
import { useChangePreferences, usePreferences } from "./preferences.ts";
import { setTheme, type ThemeWish } from "./theme.ts";

/** Chooses theme and language: here at once, and for every device of the person. */
export function useAppearance(): {
  chooseTheme: (wish: ThemeWish) => void;
  chooseLanguage: (wish: LanguageWish) => void;
} {
  const change = useChangePreferences();
  const failed = () => showNotice(text("settings.not_saved"));
  return {
    chooseTheme: (wish) => {
      setTheme(wish);
      change({ theme: wish }).catch(failed);
    },
    chooseLanguage: (wish) => {
      setLanguage(wish).catch(() => showNotice(text("settings.no_language")));
      change({ language: wish === "browser" ? null : wish }).catch(failed);
    },
  };
}

/** What was chosen on another device holds here too. Where nothing ever was, the browser's own choices stay. */
export function useKeptAppearance(enabled: boolean): void {
  const { data: preferences } = usePreferences(enabled);
  const theme = preferences?.theme ?? null;
  const language = preferences?.language ?? null;
  useEffect(() => {
    if (theme !== null) setTheme(theme);
  }, [theme]);
  useEffect(() => {
    // Without its texts the page goes on in the language it has.
    if (isLanguage(language)) setLanguage(language).catch(() => undefined);
  }, [language]);
}
