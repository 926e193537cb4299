import fs from "node:fs";
import path from "node:path";
import { describe, expect, it, test } from "vitest";
import { createFormats } from "./formats.ts";
import { chosenLanguage, chosenLocale, type Language, languages } from "./languages.ts";
import { ar } from "./messages/ar.ts";
import { de } from "./messages/de.ts";
import { en } from "./messages/en.ts";
import { zh } from "./messages/zh.ts";
import { createText, type Messages, type Plural, textParts } from "./text.ts";

const all: Record<Language, Messages> = { en, de, zh, ar };
const sourceFolder = path.resolve(import.meta.dirname, "..");

const sources = fs
  .readdirSync(sourceFolder, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && !name.startsWith("language/messages"))
  .map((name) => ({ name, text: fs.readFileSync(path.join(sourceFolder, name), "utf8") }));

function templates(message: string | Plural): string[] {
  return typeof message === "string" ? [message] : Object.values(message);
}

function places(template: string): string[] {
  return textParts(template)
    .flatMap((part) => ("place" in part ? [part.place] : []))
    .sort();
}

describe.each(Object.entries(all))("the texts in %s", (language, messages) => {
  it("are all there, in the order of the English ones", () => {
    expect(Object.keys(messages)).toEqual(Object.keys(en));
  });

  it("are not empty and leave room for the same things", () => {
    for (const [key, message] of Object.entries<string | Plural>(messages)) {
      const wanted = places(templates(en[key as keyof typeof en]).at(-1)!);
      for (const template of templates(message)) {
        expect(template.trim(), key).not.toBe("");
        expect(places(template), key).toEqual(wanted);
      }
    }
  });

  it("have every form of a number that the language has", () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries<string | Plural>(messages)) {
      if (typeof message !== "string") expect(Object.keys(message).sort(), key).toEqual([...forms].sort());
    }
  });

  it("come from the file that the list of languages names", async () => {
    expect(await languages[language as Language].load()).toBe(messages);
  });
});

describe("the page", () => {
  const code = sources.map(({ text }) => text).join("\n");

  it("uses every text", () => {
    const ofErrors = (key: string) => key.startsWith("error.");
    const unused = Object.keys(en).filter((key) => !ofErrors(key) && !code.includes(`"${key}"`));
    expect(unused).toEqual([]);
  });

  it("has no words of its own", () => {
    const found = sources.flatMap(({ name, text }) => wordsIn(name, text));
    expect(found).toEqual([]);
  });

  it("would be caught with words of its own", () => {
    expect(wordsIn("a.tsx", '<Button label="Send now" />')).toHaveLength(1);
    expect(wordsIn("a.tsx", "<p>Something went wrong</p>")).toHaveLength(1);
    expect(wordsIn("a.tsx", "<p className='x'>\n  Something went wrong\n</p>")).toHaveLength(1);
    expect(wordsIn("a.ts", 'showNotice("It did not work.")')).toHaveLength(1);
    expect(wordsIn("a.tsx", '<p title={text("a.b")}>{name}</p>')).toEqual([]);
  });
});

/** Words for readers that stand in the code: in attributes that are read out, between tags, in calls that say something. */
function wordsIn(name: string, code: string): string[] {
  const attributes = /\b(?:label|aria-label|title|placeholder|alt|description)="([^"]*[A-Za-z][^"]*)"/g;
  const spoken = /\b(?:showNotice|announce)\(\s*["`]([^"`]*)/g;
  const patterns = [attributes, spoken];
  if (name.endsWith(".tsx")) patterns.push(/(?<==|\w|"|')>\s*([A-Z][\w’']*(?: [\w’',.]+)*)\s*<\//g);
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, words]) => `${name}: ${words}`));
}

describe("a text", () => {
  const sample = {
    en: { one: "{count} chat", other: "{count} chats" },
    ar: { zero: "لا", one: "واحدة", two: "اثنتان", few: "{count} محادثات", many: "{count} محادثة", other: "{count}" },
  };
  const said = (locale: "en" | "ar", count: number) => {
    const messages = { ...en, sample: sample[locale] } as unknown as Messages;
    const text = createText(messages, locale) as unknown as (key: string, values: { count: number }) => string;
    return text("sample", { count });
  };

  test("takes the form its number asks for", () => {
    expect([0, 1, 2, 12_000].map((count) => said("en", count))).toEqual([
      "0 chats",
      "1 chat",
      "2 chats",
      "12,000 chats",
    ]);
    expect([0, 1, 2].map((count) => said("ar", count))).toEqual(["لا", "واحدة", "اثنتان"]);
    expect(said("ar", 5)).toContain("محادثات");
    expect(said("ar", 50)).toContain("محادثة");
  });

  test("puts values where they belong and leaves their braces alone", () => {
    expect(createText(en, "en")("sidebar.options", { title: "{title} and $1" })).toBe("Options for {title} and $1");
  });
});

describe("which language it is", () => {
  test("the first of the browser's that is here", () => {
    expect(chosenLanguage("browser", ["fr-FR", "de-AT", "en"])).toBe("de");
    expect(chosenLanguage("browser", ["zh-Hant-TW"])).toBe("zh");
    expect(chosenLanguage("browser", ["fr"])).toBe("en");
    expect(chosenLanguage("browser", [])).toBe("en");
  });
  test("the chosen one before that", () => expect(chosenLanguage("ar", ["de"])).toBe("ar"));
  test("numbers follow the reader's region where it speaks the language", () => {
    expect(chosenLocale("de", ["en-US", "de-CH"])).toBe("de-CH");
    expect(chosenLocale("de", ["en-US"])).toBe("de");
    expect(chosenLocale("de", ["de_!"])).toBe("de");
  });
});

describe("times", () => {
  const now = new Date(2026, 2, 15, 14, 30);
  const formats = createFormats("en-GB");
  test("are said as people say them", () => {
    expect(formats.day(new Date(2026, 2, 15, 1), now)).toBe("today");
    expect(formats.day(new Date(2026, 2, 14, 23), now)).toBe("yesterday");
    expect(formats.day(new Date(2026, 1, 12), now)).toBe("12 February");
    expect(formats.day(new Date(2025, 1, 12), now)).toBe("12 February 2025");
    expect(formats.ago(new Date(2026, 2, 15, 14, 27), now)).toBe("3 minutes ago");
    expect(createFormats("de").day(new Date(2026, 2, 14), now)).toBe("gestern");
  });
});
