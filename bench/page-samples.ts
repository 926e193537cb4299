const sentences = [
  "A river does not hurry, and yet everything it carries arrives.",
  "What looks like a detour is often the shorter way once the ground is known.",
  "Measure first, then change **one** thing, then measure again.",
  "The table below shows `what` was found and how often.",
  "None of this is new; the order of it is.",
];

const code = `\`\`\`typescript
export function primesBelow(limit: number): number[] {
  const composite = new Uint8Array(Math.max(limit, 0));
  const primes: number[] = [];
  for (let candidate = 2; candidate < limit; candidate++) {
    if (composite[candidate] === 1) continue;
    primes.push(candidate);
  }
  return primes;
}
\`\`\``;

const table = `| Planet | Moons | One day lasts |
| :-- | --: | --: |
| Mercury | 0 | 1,408 h |
| Earth | 1 | 24 h |
| Jupiter | 95 | 10 h |`;

/** The piece of an answer with this number: mostly words, now and then a heading, a list, code or a table. */
function block(number: number): string {
  const words = Array.from({ length: 3 }, (_none, index) => sentences[(number + index) % sentences.length]).join(" ");
  if (number % 7 === 3) return code;
  if (number % 11 === 5) return table;
  if (number % 5 === 1) return `## Part ${number}\n\n${words}`;
  if (number % 4 === 2) return sentences.map((sentence) => `- ${sentence}`).join("\n");
  return words;
}

/** An answer of about so many tokens, as the scripted server cuts them. */
export function sampleAnswer(_prompt: string, tokens: number): string {
  let text = "";
  for (let number = 0; (text.match(/\s*\S{1,12}/g)?.length ?? 0) < tokens; number++) text += `${block(number)}\n\n`;
  const pieces = text.match(/\s*\S{1,12}/g) ?? [];
  return pieces.slice(0, tokens).join("");
}

/** Messages of a long conversation, questions and answers in turn. */
export function longConversation(messages: number): { role: "user" | "assistant"; content: string }[] {
  return Array.from({ length: messages }, (_none, index) =>
    index % 2 === 0
      ? { role: "user", content: `Question ${index / 2 + 1}: ${sentences[index % sentences.length]}` }
      : { role: "assistant", content: [0, 1, 2, 3].map((part) => block(index + part)).join("\n\n") },
  );
}
