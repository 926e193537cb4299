import { useLanguage, useText } from "../language/language.ts";
import { isLanguage, type Language, languages } from "../language/languages.ts";
import { classNames } from "../ui/class-names.ts";
import { showFailure } from "../ui/notice.tsx";
import { useAccount } from "./account.ts";
import { useAppearance } from "./appearance.ts";
import { setModelWish } from "./model.ts";
import { ModelSelect } from "./model-select.tsx";
import { useChangePreferences, usePreferences } from "./preferences.ts";
import { Section } from "./section.tsx";
import { useTheme } from "./theme.ts";

const themes = { light: "settings.light", dark: "settings.dark", system: "settings.system" } as const;
const selectClass =
  "h-10 w-full rounded-small border border-line-strong bg-page px-2.5 text-[15px] focus:border-accent touch:h-11";

/** Default model, appearance, language. */
export function GeneralSettings() {
  const text = useText();
  const { data: account } = useAccount();
  const { data: preferences } = usePreferences(account?.account != null);
  const change = useChangePreferences();
  const { wish: language } = useLanguage();
  const theme = useTheme((state) => state.wish);
  const { chooseTheme, chooseLanguage } = useAppearance();
  const failed = (error: unknown) => showFailure(text("settings.not_saved"), error);
  return (
    <div>
      <Section title={text("settings.default_model_label")} words={text("settings.default_model_hint")}>
        <label htmlFor="default-model" className="sr-only">
          {text("settings.default_model_label")}
        </label>
        <ModelSelect
          id="default-model"
          value={{ ai_provider: preferences?.ai_provider ?? null, model: preferences?.model ?? null }}
          none={text("settings.servers_choice")}
          onChange={(choice) => {
            // What was picked for one chat in this browser must not stand before it.
            setModelWish(null);
            change(choice).catch(failed);
          }}
        />
      </Section>
      <Section title={text("settings.theme")}>
        <div
          role="radiogroup"
          aria-label={text("settings.theme")}
          className="flex gap-1 rounded-small bg-bubble p-1 dark:bg-page"
        >
          {(["light", "dark", "system"] as const).map((name) => (
            // biome-ignore lint/a11y/useSemanticElements: a row of buttons of which one is pressed
            <button
              key={name}
              type="button"
              role="radio"
              aria-checked={theme === name}
              onClick={() => chooseTheme(name)}
              className={classNames(
                "min-h-8 flex-1 rounded-[5px] px-2 text-side leading-tight touch:min-h-11",
                // What is chosen is nearer to the reader: lighter than the row, in the dark as well.
                theme === name ? "bg-raised font-medium shadow-sm dark:bg-bubble" : "text-soft hover:text-ink",
              )}
            >
              {text(themes[name])}
            </button>
          ))}
        </div>
      </Section>
      <Section title={text("settings.language")}>
        <select
          aria-label={text("settings.language")}
          value={language}
          onChange={({ target: { value } }) => chooseLanguage(isLanguage(value) ? value : "browser")}
          className={selectClass}
        >
          <option value="browser">{text("settings.browser_language")}</option>
          {(Object.keys(languages) as Language[]).map((name) => (
            <option key={name} value={name} lang={name}>
              {languages[name].name}
            </option>
          ))}
        </select>
      </Section>
    </div>
  );
}
