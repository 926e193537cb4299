import { setLanguage, useLanguage, useText } from "../language/language.ts";
import { isLanguage, type Language, languages } from "../language/languages.ts";
import { MenuChoice, MenuChoices, MenuLabel } from "../ui/menu.tsx";
import { showNotice } from "../ui/notice.tsx";

/** The languages of the page, each under its own name. */
export function LanguageChoices() {
  const text = useText();
  const { wish } = useLanguage();
  const choose = (next: string) => {
    setLanguage(isLanguage(next) ? next : "browser").catch(() => showNotice(text("settings.no_language")));
  };
  return (
    <>
      <MenuLabel>{text("settings.language")}</MenuLabel>
      <MenuChoices value={wish} onChange={choose}>
        {(Object.keys(languages) as Language[]).map((language) => (
          <MenuChoice key={language} value={language}>
            <span lang={language}>{languages[language].name}</span>
          </MenuChoice>
        ))}
        <MenuChoice value="browser">{text("settings.browser_language")}</MenuChoice>
      </MenuChoices>
    </>
  );
}
