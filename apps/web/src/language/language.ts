import { create } from "zustand";
import { keep, recall, storageKeys } from "../connection/storage.ts";
import { createFormats, type Formats } from "./formats.ts";
import { chosenLanguage, chosenLocale, isLanguage, type Language, type LanguageWish, languages } from "./languages.ts";
import { createText, type Messages, type Text } from "./text.ts";

type LanguageState = {
  readonly wish: LanguageWish;
  readonly language: Language;
  readonly messages: Messages | null;
  readonly text: Text;
  readonly formats: Formats;
};

/** The language of the page. `startLanguage` must have resolved before anything is drawn. */
const useLanguageState = create<LanguageState>(() => ({
  wish: "browser",
  language: "en",
  messages: null,
  // Before the texts are there, a name is the best there is.
  text: (key, ..._values) => key,
  formats: createFormats("en"),
}));

/** Counts choices, so that of two made in quick succession the later one stands, whichever file comes first. */
let choices = 0;

/** Fetches the texts of the language that was chosen or that the browser prefers. Throws when they cannot be had. */
export async function startLanguage(): Promise<void> {
  window.addEventListener("storage", ({ key }) => {
    if (key === storageKeys.language) void change(keptWish()).catch(() => undefined);
  });
  window.addEventListener("languagechange", () => {
    if (useLanguageState.getState().wish === "browser") void change("browser").catch(() => undefined);
  });
  await change(keptWish());
}

/** Chooses the language, now and for later visits. Throws when its texts cannot be fetched; all stays as it was then. */
export async function setLanguage(wish: LanguageWish): Promise<void> {
  await change(wish);
  keep(storageKeys.language, wish === "browser" ? null : wish);
}

function keptWish(): LanguageWish {
  const kept = recall(storageKeys.language);
  return isLanguage(kept) ? kept : "browser";
}

async function change(wish: LanguageWish): Promise<void> {
  choices++;
  const choice = choices;
  const language = chosenLanguage(wish, navigator.languages);
  const messages = await languages[language].load();
  if (choice !== choices) return;
  const locale = chosenLocale(language, navigator.languages);
  document.documentElement.lang = language;
  document.documentElement.dir = languages[language].direction;
  const text = createText(messages, locale);
  useLanguageState.setState({ wish, language, messages, text, formats: createFormats(locale) });
}

/** The texts of the page, for components: `text("thread.copy_code")`. */
export function useText(): Text {
  return useLanguageState((state) => state.text);
}

/** The same outside of components, for what is said once and not kept. */
export const text: Text = (key, ...values) => useLanguageState.getState().text(key, ...values);

/** Numbers and dates as the language of the page writes them. */
export function useFormats(): Formats {
  return useLanguageState((state) => state.formats);
}

/** The language in use, what was wished for, and which way it runs. */
export function useLanguage(): { language: Language; wish: LanguageWish; direction: "ltr" | "rtl" } {
  const language = useLanguageState((state) => state.language);
  const wish = useLanguageState((state) => state.wish);
  return { language, wish, direction: languages[language].direction };
}

/** The texts themselves, for those that have more than words between their words. */
export function useMessages(): Messages | null {
  return useLanguageState((state) => state.messages);
}
