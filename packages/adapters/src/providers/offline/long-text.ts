/** Words of a text whose length was not named, and the longest one there is. */
export const usualWords = 500;
export const mostWords = 20_000;

const openings: readonly string[] = [
  "Whoever begins to think about {topic} soon finds that there is no single place to begin.",
  "There are many stories about {topic}, and most of them start too late.",
  "It is easy to overlook {topic}, because it is nearly always there.",
  "Ask ten people about {topic}, and you will hear eleven opinions.",
];

const sentences: readonly string[] = [
  "The first thing one notices is {thing}, and the second is how little anybody says about it.",
  "A patient observer would start with {thing} and leave {other} for later.",
  "What looks like {thing} from afar turns out, on a closer look, to be {other}.",
  "None of this is new; even the oldest notes on {topic} mention {thing}.",
  "It helps to put {thing} beside {other} and to ask which of the two would be missed sooner.",
  "Some people collect examples, others draw maps, and a few simply wait for {thing} to come by.",
  "The honest answer is that nobody has counted, but {thing} is a good guess.",
  "Between {thing} and {other} there is more room than one would think.",
  "And yet {topic} keeps its secrets, at least on weekdays.",
  "One careful step after the other, {thing} becomes visible.",
  "If there is a rule at all, it is this: look at {thing} first, then at {other}, then at the clock.",
  "The beginner trusts {thing}; the expert trusts {other}; the wise make a backup of both.",
  "That is why the question returns every spring, together with {thing}.",
  "Nothing about {other} would make sense without {thing}.",
  "Seen in this light, {topic} is less a matter of opinion than of patience.",
  "Now and then somebody finds a shortcut, and it nearly always leads back to {thing}.",
];

const things: readonly string[] = [
  "a quiet river",
  "the long way home",
  "an unfinished letter",
  "the sound of rain on a tin roof",
  "a well-kept notebook",
  "the last train of the evening",
  "a lamp in the window",
  "the smell of old books",
  "a good question",
  "the shape of the coast",
  "an old pair of shoes",
  "the work of many hands",
  "a map without names",
  "the patience of a gardener",
];

const closings: readonly string[] = [
  "So much for {topic}; the rest is practice.",
  "And with that, {topic} may rest for today.",
];

/** A text of about `words` words on a topic, the same one every time: it shows how a long answer arrives. */
export function longText(topic: string, words: number): string {
  const target = Math.min(Math.max(1, words), mostWords);
  const choose = chooser(`${topic}\n${target}`);
  const paragraphs: string[] = [];
  let written = 0;
  while (written < target) {
    const length = 4 + choose(3);
    const chosen = [
      fill(paragraphs.length === 0 ? openings[choose(openings.length)]! : nextSentence(choose), topic, choose),
    ];
    while (chosen.length < length) chosen.push(fill(nextSentence(choose), topic, choose));
    const paragraph = chosen.join(" ");
    paragraphs.push(paragraph);
    written += paragraph.split(" ").length;
  }
  paragraphs.push(fill(closings[choose(closings.length)]!, topic, choose));
  return paragraphs.join("\n\n");
}

type Chooser = (alternatives: number) => number;

function nextSentence(choose: Chooser): string {
  return sentences[choose(sentences.length)]!;
}

function fill(sentence: string, topic: string, choose: Chooser): string {
  const first = choose(things.length);
  const second = (first + 1 + choose(things.length - 1)) % things.length;
  const text = sentence
    .replaceAll("{topic}", topic)
    .replaceAll("{thing}", things[first]!)
    .replaceAll("{other}", things[second]!);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A row of choices that depends on the seed alone (FNV-1a, then xorshift). */
function chooser(seed: string): Chooser {
  let state = 0x811c9dc5;
  for (let index = 0; index < seed.length; index++) {
    state = Math.imul(state ^ seed.charCodeAt(index), 0x01000193);
  }
  state = state >>> 0 || 1;
  return (alternatives) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % alternatives;
  };
}
