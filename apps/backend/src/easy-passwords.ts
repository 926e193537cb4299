import { commonWords, keyTracks } from "./first-guesses.ts";

/** Who the password is for: nobody is hard to guess by their own name. */
export type PasswordOwner = { readonly email: string; readonly name?: string | undefined };

/**
 * A guesser who knows words, names, rows of keys and the person tries everything made of so few of them first. Each
 * letter that belongs to none counts as a part of its own, so what is made up is soon beyond it.
 */
const guessableParts = 3;
/** So few different signs are tried through, whatever their order. */
const fewSigns = 4;
/** Signs that are walked along a row, from which on they count as one part. */
const shortestWalk = 3;
/** Digits that are guessed as one: a year, a day, a postal code's half. */
const digitsOfPart = 4;
const shortestOwnWord = 3;
/** So many signs between and around the parts are tried in all places: they cost the guesser little. */
const freeSigns = 2;
const isSign = /[^\p{L}\p{N}]/u;

/** Letters that digits and signs stand for in passwords. */
const standsFor: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "il",
  "2": "z",
  "3": "e",
  "4": "a",
  "5": "s",
  "6": "gb",
  "7": "t",
  "8": "b",
  "9": "g",
  "@": "a",
  $: "s",
  "§": "s",
  "!": "il",
  "|": "il",
  "+": "t",
  "(": "c",
  "€": "e",
};

const tracks = keyTracks.flatMap((track) => [track, [...track].toReversed().join("")]);
const wordsByFirst = Map.groupBy(commonWords, (word) => word[0]!);

/**
 * Whether a password is among the first that somebody else would try: common words, rows of keys, repetitions, dates,
 * the owner's name or address, and a few of these together, however they are written.
 */
export function isEasyPassword(password: string, owner: PasswordOwner): boolean {
  const text = plain(password);
  if (new Set(text).size <= fewSigns) return true;
  const joined = text.replace(/[^\p{L}\p{N}]/gu, "");
  const forms = [password.toLowerCase(), text, repeatedUnit(text)];
  // Words may be taken apart by signs; where there is nearly nothing but signs, they are what has to be guessed.
  if (joined.length * 2 >= text.length) forms.push(joined, repeatedUnit(joined));
  const own = ownWords(owner);
  return forms.some((form) => partsOf(form, own) <= guessableParts);
}

/** The least number of guessable parts that make up the text. */
function partsOf(text: string, own: readonly string[]): number {
  const least = new Array<number>(text.length + 1).fill(Number.POSITIVE_INFINITY);
  least[0] = 0;
  let signs = 0;
  for (let at = 0; at < text.length; at++) {
    const soFar = least[at]!;
    const reach = (length: number, cost: number) => {
      least[at + length] = Math.min(least[at + length] ?? Number.POSITIVE_INFINITY, soFar + cost);
    };
    signs = isSign.test(text[at]!) ? signs + 1 : 0;
    reach(1, signs > 0 && signs <= freeSigns ? 0 : 1);
    for (let length = 2; length <= walkLength(text, at); length++) if (length >= shortestWalk) reach(length, 1);
    for (let length = 2; length <= digitsOfPart && /^\d+$/.test(text.slice(at, at + length)); length++) {
      if (at + length <= text.length) reach(length, 1);
    }
    for (const word of wordsAt(text, at, own)) if (matches(text, at, word)) reach(word.length, 1);
  }
  return least[text.length]!;
}

/** How far from here the text follows a row of keys, or repeats one sign. */
function walkLength(text: string, at: number): number {
  let longest = 1;
  while (text[at + longest] === text[at]) longest++;
  for (const track of tracks) {
    for (let from = track.indexOf(text[at]!); from !== -1; from = track.indexOf(text[at]!, from + 1)) {
      let length = 1;
      while (text[at + length] !== undefined && text[at + length] === track[from + length]) length++;
      longest = Math.max(longest, length);
    }
  }
  return longest;
}

function* wordsAt(text: string, at: number, own: readonly string[]): Generator<string> {
  const sign = text[at]!;
  for (const first of sign + (standsFor[sign] ?? "")) yield* wordsByFirst.get(first) ?? [];
  yield* own;
}

function matches(text: string, at: number, word: string): boolean {
  if (at + word.length > text.length) return false;
  for (let index = 0; index < word.length; index++) {
    const sign = text[at + index]!;
    if (sign !== word[index] && standsFor[sign]?.includes(word[index]!) !== true) return false;
  }
  return true;
}

/** The address, its parts and the words of the name, forwards and backwards. */
function ownWords({ email, name = "" }: PasswordOwner): string[] {
  const address = plain(email);
  const local = address.slice(0, Math.max(0, address.lastIndexOf("@")));
  const domain = address.slice(address.lastIndexOf("@") + 1);
  const pieces = [local, domain, plain(name)].flatMap((part) => [part, ...part.split(/[^\p{L}\p{N}]+/u)]);
  const whole = [address, ...pieces, ...pieces.map((piece) => piece.replace(/[^\p{L}]+/gu, ""))];
  const words = new Set(whole.filter((word) => word.length >= shortestOwnWord));
  return [...words].flatMap((word) => [word, [...word].toReversed().join("")]);
}

/** What the text repeats to its end, the last time perhaps in part; the text itself where it does not. */
function repeatedUnit(text: string): string {
  for (let length = 1; length <= text.length / 2; length++) {
    const unit = text.slice(0, length);
    if (unit.repeat(Math.ceil(text.length / length)).startsWith(text)) return unit;
  }
  return text;
}

/** Without case, accents and the many ways Unicode has of writing the same. */
function plain(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
