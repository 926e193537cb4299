import { Fragment, type ReactNode } from "react";
import { useMessages } from "./language.ts";
import { type MessageKey, type PlaceNames, textParts } from "./text.ts";

type RichTextProps<Key extends MessageKey> = {
  readonly of: Key;
  readonly with: Readonly<Record<PlaceNames<Key>, ReactNode>>;
};

/** A text with elements in its places, wherever its language puts them. */
export function RichText<Key extends MessageKey>({ of: key, with: elements }: RichTextProps<Key>): ReactNode {
  const message = useMessages()?.[key];
  const template = typeof message === "string" ? message : (message?.other ?? "");
  return textParts(template).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place
    <Fragment key={index}>
      {"words" in part ? part.words : (elements as Readonly<Record<string, ReactNode>>)[part.place]}
    </Fragment>
  ));
}
