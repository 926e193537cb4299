/**
 * What a continuation does to the pieces of text a provider sends: they are made to follow on the text that is already
 * there. `open` says whether new text has been reached.
 */
export type TextJoin = { push(piece: string): string; readonly open: boolean };

/** The provider goes on exactly where it was told to. */
export function plainJoin(): TextJoin {
  return { push: (piece) => piece, open: true };
}

/**
 * For a provider that is given the text without the white space at its end (Anthropic refuses it otherwise) and so
 * begins with that white space itself: what both have is kept once. What the text ends with cannot be taken back.
 */
export function joinAfterWhitespace(given: string): TextJoin {
  let leading: string | null = "";
  return {
    push(piece) {
      if (leading === null) return piece;
      leading += piece;
      const rest = leading.trimStart();
      if (rest === "") return "";
      const space = leading.slice(0, leading.length - rest.length);
      leading = null;
      return (space.startsWith(given) ? space.slice(given.length) : "") + rest;
    },
    get open() {
      return leading === null;
    },
  };
}

/** The replayed text is not the one that is already there. */
export class ReplayMismatch extends Error {
  override readonly name = "ReplayMismatch";
}

/**
 * For a provider that tells the whole answer again from the start: skips what is there, comparing it. Characters that
 * cannot be stored were replaced by U+FFFD, one for one. Throws `ReplayMismatch`.
 */
export function joinAfterReplay(known: string): TextJoin {
  let position = 0;
  return {
    push(piece) {
      const overlap = Math.min(piece.length, known.length - position);
      for (let index = 0; index < overlap; index++) {
        const before = known[position + index];
        if (before !== piece[index] && before !== "\uFFFD") throw new ReplayMismatch();
      }
      position += overlap;
      return piece.slice(overlap);
    },
    get open() {
      return position === known.length;
    },
  };
}
