import { useEffect } from "react";
import { setLanguage, text } from "../language/language.ts";
import { isLanguage, type LanguageWish } from "../language/languages.ts";
import { showFailure, showNotice } from "../ui/notice.tsx";
import { useChangePreferences, usePreferences } from "./preferences.ts";
import { setTheme, type ThemeWish } from "./theme.ts";

/**
 * What is kept for "as the browser": the tag of a language that is not determined. None at all means that nothing was ever
 * chosen, and would leave another device with the language that was chosen before.
 */
const browsersLanguage = "und";

/** Chooses theme and language: here at once, and for every device of the person. */
export function useAppearance(): {
  chooseTheme: (wish: ThemeWish) => void;
  chooseLanguage: (wish: LanguageWish) => void;
} {
  const change = useChangePreferences();
  const failed = (error: unknown) => showFailure(text("settings.not_saved"), error);
  return {
    chooseTheme: (wish) => {
      setTheme(wish);
      change({ theme: wish }).catch(failed);
    },
    chooseLanguage: (wish) => {
      setLanguage(wish).catch(() => showNotice(text("settings.no_language")));
      change({ language: wish === "browser" ? browsersLanguage : wish }).catch(failed);
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
    const wish = language === browsersLanguage ? "browser" : language;
    // Without its texts the page goes on in the language it has.
    if (wish === "browser" || isLanguage(wish)) setLanguage(wish).catch(() => undefined);
  }, [language]);
}
