const removed = "[removed]";

/**
 * What looks like a credential although nobody told us: keys with a known beginning (also half masked, as OpenAI
 * echoes them), bearer tokens, anything with a run of asterisks, account names, user and password in a URL.
 */
const suspicious: readonly RegExp[] = [
  /\b(?:sk|pk|rk|gsk|xai|key|api|org|proj|user|acct)[-_][A-Za-z0-9*._-]{4,}/gi,
  /\bAIza[A-Za-z0-9_*-]{6,}/g,
  /\b(?:Bearer|Basic)\s+\S+/gi,
  /[^\s"']*\*{2,}[^\s"']*/g,
  /(?<=:\/\/)[^\s/@]+@/g,
];

/** A secret shorter than this is not searched for: it would be found in ordinary words. */
const shortestSecretCharacters = 6;

/**
 * One line of at most `mostCharacters`, without the given secrets and without anything that looks like one. What
 * providers say of an error goes through here before anybody sees it.
 */
export function withoutSecrets(text: string, secrets: readonly string[], mostCharacters: number): string {
  let cleaned = text;
  for (const secret of secrets) {
    if (secret.length >= shortestSecretCharacters) cleaned = cleaned.replaceAll(secret, removed);
  }
  for (const pattern of suspicious) cleaned = cleaned.replace(pattern, removed);
  cleaned = cleaned.replace(/[\s\p{Cc}]+/gu, " ").trim();
  if (cleaned.length <= mostCharacters) return cleaned;
  return `${cleaned.slice(0, mostCharacters - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
