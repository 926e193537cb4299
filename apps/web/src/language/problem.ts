import { errorRegistry, isErrorCode } from "@uci/protocol";
import { useLanguage, useText } from "./language.ts";
import type { PlainMessageKey, Text } from "./text.ts";

/** What is known of something that did not work; an `ApiError` is one. */
export type Problem = { readonly code: string; readonly message: string; readonly correlationId?: string | null };

/** Whoever reads these knows what to do about them; nobody else has to look for a cause. */
const readersOwn: readonly string[] = ["invalid_credentials", "weak_password", "rate_limited", "sign_up_closed"];

/** The id of what went wrong in the server's log; null where no server told one, or where looking it up would help nobody. */
export function correlationIdOf(problem: unknown): string | null {
  if (typeof problem !== "object" || problem === null) return null;
  const { code, correlationId } = problem as Record<string, unknown>;
  if (typeof correlationId !== "string" || correlationId === "") return null;
  return typeof code === "string" && readersOwn.includes(code) ? null : correlationId;
}

const clientCodes = ["network", "timeout", "bad_response", "aborted"] as const;

function keyOf(code: string): PlainMessageKey | null {
  if (isErrorCode(code)) return `error.${code}`;
  const own = clientCodes.find((known) => known === code);
  return own === undefined ? null : `error.${own}`;
}

/**
 * A problem in the reader's language, by its code. In English the server's own sentence, where it says more than the
 * registry does, is kept.
 */
export function problemText(problem: unknown, text: Text, language: string): string {
  if (!isProblem(problem)) return text("error.unknown");
  const { code, message } = problem;
  const key = keyOf(code);
  const precise = message !== "" && !(isErrorCode(code) && errorRegistry[code].meaning === message);
  if (language === "en" && precise) return message;
  return key === null ? message || text("error.unknown") : text(key);
}

/** The same for components. */
export function useProblemText(): (problem: unknown) => string {
  const text = useText();
  const { language } = useLanguage();
  return (problem) => problemText(problem, text, language);
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  const { code, message } = value as Record<string, unknown>;
  return typeof code === "string" && typeof message === "string";
}
