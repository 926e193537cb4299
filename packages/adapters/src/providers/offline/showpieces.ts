import { longText, usualWords } from "./long-text.ts";

const table = `Here is a small table:

| Planet | Moons | One day lasts | Known for |
| :-- | --: | --: | :-- |
| Mercury | 0 | 1,408 h | being close to the sun |
| Venus | 0 | 5,833 h | its thick clouds |
| Earth | 1 | 24 h | chat programs |
| Mars | 2 | 25 h | red dust |
| Jupiter | 95 | 10 h | a storm larger than the Earth |

The columns are aligned to the left and to the right.`;

const code = `Here is a piece of TypeScript:

\`\`\`typescript
/** Numbers from 0 up to, but not including, the limit, none of them divisible by a smaller one. */
export function primesBelow(limit: number): number[] {
  const composite = new Uint8Array(Math.max(limit, 0));
  const primes: number[] = [];
  for (let candidate = 2; candidate < limit; candidate++) {
    if (composite[candidate] === 1) continue;
    primes.push(candidate);
    for (let multiple = candidate * candidate; multiple < limit; multiple += candidate) {
      composite[multiple] = 1;
    }
  }
  return primes;
}

console.log(primesBelow(30).join(", ")); // 2, 3, 5, 7, 11, 13, 17, 19, 23, 29
\`\`\`

It is the sieve of Eratosthenes; \`composite\` marks what is crossed out.`;

const list = `Here is a list:

- **Bread**, still warm
- **Butter**
  - salted
  - unsalted
- *Tea*, in this order:
  1. boil the water
  2. warm the pot
  3. wait three minutes
- [x] remember the milk
- [ ] forget the sugar`;

const formula = `Two formulas. In the line: $e^{i\\pi} + 1 = 0$. On its own:

$$
\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}
$$`;

const diagram = `Here is a diagram:

\`\`\`mermaid
flowchart LR
  Browser -->|REST| Pod
  Pod -->|SSE| Browser
  Pod --> Broker
  Broker --> Worker
  Worker --> Model
\`\`\``;

const help = `I am only the small built-in program, but I can show you how answers look here. Try one of these:

- \`show a table\`
- \`show code\`
- \`show a list\`
- \`show a formula\`
- \`show a diagram\`
- \`write a long text about rivers\`
- \`write 2000 words\`
- \`count to 100\`

Or simply tell me what is on your mind.`;

/** How far it counts. */
export const mostCounted = 1000;

/** Begins a request: what is only mentioned ("my code does not work") is something to talk about, not to show. */
const asking =
  /^(?:(?:please|now|ok|okay|and|can you|could you|would you|will you|i want you to)[, ]+)*(?:show|write|give|make|print|draw|create|send|display|tell|generate|render)\b/i;
/** A message of so few words that names a thing asks for it. */
const fewWords = 3;
/** A longer one is a conversation, whatever words occur in it. */
const manyWords = 25;

const pieces: readonly (readonly [RegExp, string])[] = [
  [/\btables?\b/i, table],
  [/\b(?:source )?code\b|\btypescript\b|\bfunction\b/i, code],
  [/\b(?:formula|formulas|math|maths|equation|latex)\b/i, formula],
  [/\b(?:diagram|mermaid|flow ?chart|chart)\b/i, diagram],
  [/\b(?:list|bullets?|checklist)\b/i, list],
];

/** The showpiece a message asks for; null when it asks for none. */
export function showpiece(message: string): string | null {
  const text = message.trim().replace(/\s+/g, " ");
  const words = text.split(" ").length;
  if (words > manyWords) return null;
  if (/^(?:help|\/help|\?)[?.! ]*$/i.test(text)) return help;
  const counted = /^(?:\w+[, ]+){0,4}?count (?:up |from (?:1|one) )*to (\d{1,9})\b/i.exec(text);
  if (counted !== null) return countTo(Number(counted[1]));
  const asks = asking.test(text);
  if (!asks && words > fewWords) return null;
  const wordCount = /\b(\d{1,7})[- ]words?\b/i.exec(text);
  const topic = /\b(?:about|on) (.{1,80}?)[.!?]*$/i.exec(text)?.[1] ?? "conversation";
  if (wordCount !== null) return longText(topic, Number(wordCount[1]));
  if (/\b(?:long|longer|lengthy) (?:text|story|answer|essay|message|article|reply)\b|\bessay\b/i.test(text)) {
    return longText(topic, usualWords);
  }
  return pieces.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

function countTo(limit: number): string {
  const last = Math.min(limit, mostCounted);
  const numbers = Array.from({ length: last }, (_none, index) => index + 1).join(", ");
  if (last === 0) return "Zero is where I would begin, so I am done already.";
  return limit > last ? `${numbers}, and that is as far as I count.` : `${numbers}.`;
}
