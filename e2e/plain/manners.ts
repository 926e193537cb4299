/** How a workflow behaves with one answer; travels to it as the user's message. */
export type Manner = {
  readonly name: string;
  readonly words: number;
  readonly pauseMs: number;
  /** Ids of chunks it never sends; `words` is that of the last. */
  readonly lost: readonly number[];
  /** To all pods, or to one alone. */
  readonly to: "all" | "pod";
  /** It is gone before this chunk and does not acknowledge its job; null: it lives. */
  readonly diesAfter: number | null;
};

const whole: Manner = { name: "whole", words: 30, pauseMs: 150, lost: [], to: "all", diesAfter: null };

/** What third parties do to their answers. */
export const manners: readonly Manner[] = [
  whole,
  { ...whole, name: "first chunk lost", lost: [0] },
  { ...whole, name: "a chunk lost", lost: [12] },
  { ...whole, name: "last chunk lost", lost: [30] },
  { ...whole, name: "to one pod", to: "pod" },
  { ...whole, name: "workflow dies", diesAfter: 15 },
];

/** What the next turn of every session gets. */
export const nextTurn: Manner = { ...whole, name: "next turn", words: 3, pauseMs: 5 };

/** All the words of an answer. */
export function wordsOf({ words }: Manner): string {
  return Array.from({ length: words }, (_none, id) => `word${id} `).join("");
}
