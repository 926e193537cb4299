import { type bundledLanguages, bundledLanguagesInfo, createHighlighter, type Highlighter } from "shiki";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";
import type { ColourReply, ColourRequest, ColourRow } from "./colours.ts";

/** Colours code away from the page, which a long listing would otherwise hold up. Grammars come one by one. */
const themes = { light: "github-light-default", dark: "github-dark-default" } as const;
const languageIds = new Map<string, string>(
  bundledLanguagesInfo.flatMap(({ id, aliases = [] }) => [id, ...aliases].map((name) => [name, id] as const)),
);

type Language = keyof typeof bundledLanguages;
type Rows = ColourRow[];
type GrammarState = ReturnType<Highlighter["getLastGrammarState"]>;

/** Whole lines that are coloured already and the grammar's state behind them: a listing that grows is not read again. */
type Settled = { readonly code: string; readonly rows: Rows; readonly state: GrammarState | undefined };

const settled = new Map<number, Settled>();
/** What was asked last for each listing: the grammar may come to those who wait for it in another order. */
const newest = new Map<number, ColourRequest>();
let highlighter: Promise<Highlighter> | null = null;

const place = self as unknown as {
  onmessage: (event: MessageEvent<ColourRequest>) => void;
  postMessage(reply: ColourReply): void;
};

place.onmessage = ({ data }) => {
  if (data.kind === "forget") {
    settled.delete(data.listing);
    newest.delete(data.listing);
    return;
  }
  newest.set(data.listing, data);
  void colour(data).catch(() => undefined);
};

async function colour(request: Extract<ColourRequest, { kind: "colour" }>): Promise<void> {
  const { listing, code, language } = request;
  const lang = languageIds.get(language.toLowerCase()) as Language | undefined;
  if (lang === undefined) return;
  highlighter ??= createHighlighter({
    themes: Object.values(themes),
    langs: [],
    // WebAssembly would need a wider policy for scripts.
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  });
  const colours = await highlighter;
  await colours.loadLanguage(lang);
  if (newest.get(listing) !== request) return;
  const known = settled.get(listing);
  const before: Settled = known !== undefined && code.startsWith(known.code) ? known : nothing;
  const end = code.lastIndexOf("\n") + 1;
  let now = before;
  if (end > before.code.length) {
    const lines = code.slice(before.code.length, end - 1);
    const { rows, state } = tokens(colours, lang, lines, before.state);
    now = { code: code.slice(0, end), rows: [...before.rows, ...rows], state };
  }
  settled.set(listing, now);
  const rest = tokens(colours, lang, code.slice(now.code.length), now.state).rows;
  const from = before.rows.length;
  place.postMessage({ listing, from, rows: [...now.rows.slice(from), ...rest] });
}

const nothing: Settled = { code: "", rows: [], state: undefined };

function tokens(colours: Highlighter, lang: Language, code: string, state: GrammarState | undefined) {
  // Here nothing waits for it; cut off by a time limit, a line would keep wrong colours.
  const options = { lang, themes, tokenizeTimeLimit: 0, ...(state === undefined ? {} : { grammarState: state }) };
  const result = colours.codeToTokens(code, options);
  const rows: Rows = result.tokens.map((row) =>
    row.map(({ content, htmlStyle, color }) => [
      content,
      htmlStyle?.["--shiki-light"] ?? htmlStyle?.color ?? color ?? "inherit",
      htmlStyle?.["--shiki-dark"] ?? color ?? "inherit",
    ]),
  );
  return { rows, state: result.grammarState };
}
