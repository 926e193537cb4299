import { scriptedAnswer } from "@uci/adapters/providers/testing";

/** One of everything an answer may hold. */
export const richAnswer = `# A heading

A paragraph with **bold**, \`inline code\`, a [link](https://example.org/page) and a footnote[^1]. Prices: $5 and $10.

Inline $e^{i\\pi} + 1 = 0$ and \\(a^2 + b^2 = c^2\\).

\\[
\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}
\\]

| Planet | Moons | One day lasts | Known for | Colour | Distance from the sun in millions of kilometres | Found by |
| :-- | --: | --: | :-- | --- | --- | --- |
| Mercury | 0 | 1,408 h | being close to the sun | grey | 57.9 | nobody |
| Venus | 0 | 5,833 h | its thick clouds | white | 108.2 | nobody |

\`\`\`typescript
export function step(value: number): string { return "a line that is so long that it does not fit into the column of text"; }
const next = step(1);
\`\`\`

\`\`\`mermaid
flowchart LR
  Browser -->|REST| Pod
  Pod --> Worker
\`\`\`

![A cat](https://pictures.example.org/cat.png)

[^1]: The footnote of this answer.
`;

/** The rich answer to whoever asks for everything; words to anybody else. */
export function answerTo(prompt: string): string {
  return prompt.includes("everything") ? richAnswer : scriptedAnswer(prompt);
}
