import { wireLimits } from "./limits.ts";

export type AttachmentKind = "image" | "text";

const imageTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);
const textTypes: ReadonlySet<string> = new Set([
  "application/json",
  "application/ld+json",
  "application/xml",
  "application/yaml",
  "application/x-yaml",
  "application/toml",
  "application/sql",
  "application/javascript",
  "application/x-javascript",
  "application/typescript",
  "application/x-sh",
]);
/** Files whose type browsers do not know, or call by a wrong name (".ts" is a video to some). */
const textNames =
  /\.(?:txt|md|markdown|csv|tsv|json|jsonl|xml|ya?ml|toml|ini|cfg|conf|log|sql|html?|css|scss|less|svg|jsx?|mjs|cjs|tsx?|vue|svelte|py|rb|php|java|kt|kts|swift|go|rs|c|h|cc|cpp|hpp|cs|scala|clj|ex|exs|erl|hs|lua|pl|r|jl|dart|sh|bash|zsh|fish|ps1|bat|dockerfile|makefile|gradle|tf|proto|graphql|tex|diff|patch|env)$/i;

/** What a file is, by its media type and name; null: it is of no kind that is taken. */
export function attachmentKind(mediaType: string, name: string): AttachmentKind | null {
  const type = (mediaType.split(";")[0] ?? "").trim().toLowerCase();
  if (imageTypes.has(type)) return "image";
  if (textNames.test(name) || textTypes.has(type)) return "text";
  return type.startsWith("text/") ? "text" : null;
}

/** Bytes a file of a kind may have. */
export function attachmentBytes(kind: AttachmentKind): number {
  return kind === "image" ? wireLimits.attachedImageBytes : wireLimits.attachedTextBytes;
}
