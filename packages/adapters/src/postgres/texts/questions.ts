/** What the thread is asked about a text. */
export type TextQuestion =
  | { readonly kind: "words"; readonly text: string }
  | { readonly kind: "snippet"; readonly text: string; readonly query: string };

export type TextReply = { readonly answer: unknown };
