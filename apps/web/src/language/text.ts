import type { en } from "./messages/en.ts";

/** Names of all page texts; English says which there are. */
export type MessageKey = keyof typeof en;

/** One text by the number in `{count}`; which forms a language needs, `Intl.PluralRules` knows. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };

/** All page texts of one language. */
export type Messages = { readonly [Key in MessageKey]: (typeof en)[Key] extends string ? string : Plural };

type NamesIn<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
type TemplateOf<Key extends MessageKey> = (typeof en)[Key] extends infer Value
  ? Value extends string
    ? Value
    : Value extends { readonly other: infer Other extends string }
      ? Other
      : never
  : never;

/** What stands in braces in a text, by name. */
export type PlaceNames<Key extends MessageKey> = NamesIn<TemplateOf<Key>>;
/** Names of the texts that need nothing put into them. */
export type PlainMessageKey = { [Key in MessageKey]: [PlaceNames<Key>] extends [never] ? Key : never }[MessageKey];
type Values<Key extends MessageKey> = [PlaceNames<Key>] extends [never]
  ? []
  : [values: Readonly<Record<PlaceNames<Key>, string | number>>];

/** Gives a page text; numbers among the values are written as the language writes them. */
export type Text = <Key extends MessageKey>(key: Key, ...values: Values<Key>) => string;

/** A text cut at its places: words, and the names of what stands between them. */
export type TextPart = { readonly words: string } | { readonly place: string };

export function textParts(template: string): TextPart[] {
  return template
    .split(/(\{\w+\})/)
    .filter((part) => part !== "")
    .map((part) => (/^\{\w+\}$/.test(part) ? { place: part.slice(1, -1) } : { words: part }));
}

/** The texts of one language. `locale` may be narrower than the language, for the numbers. */
export function createText(messages: Messages, locale: string): Text {
  // Dear to make, and most texts have no number in them.
  let rules: Intl.PluralRules | undefined;
  let numbers: Intl.NumberFormat | undefined;
  const written = (value: string | number | undefined) => {
    if (typeof value !== "number") return value ?? "";
    numbers ??= new Intl.NumberFormat(locale);
    return numbers.format(value);
  };
  const formOf = (plural: Plural, count: number) => {
    rules ??= new Intl.PluralRules(locale);
    return plural[rules.select(count)] ?? plural.other;
  };
  return (key, ...[values]) => {
    const found: string | Plural = messages[key];
    if (typeof found === "string" && values === undefined) return found;
    const given = (values ?? {}) as Readonly<Record<string, string | number>>;
    const template = typeof found === "string" ? found : formOf(found, Number(given.count ?? 0));
    return textParts(template)
      .map((part) => ("words" in part ? part.words : written(given[part.place])))
      .join("");
  };
}
