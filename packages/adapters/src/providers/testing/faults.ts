/** What goes wrong with one request. Tokens are counted over the answer's text. */
export type Fault =
  /** An HTTP error before anything else. `echoKey`: the message repeats the caller's key, as real providers do. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: string;
      readonly retryAfterMs?: number;
      readonly errorType?: string;
      readonly message?: string;
      readonly echoKey?: boolean;
      readonly location?: string;
    }
  /** The connection is closed before there is an answer. */
  | { readonly kind: "reset" }
  /** Not even headers. */
  | { readonly kind: "hang" }
  /** The connection is destroyed in the middle. */
  | { readonly kind: "cut"; readonly after: number }
  /** The body ends cleanly without the wire's end marker: after so many tokens, or after the finish reason (`after` absent). */
  | { readonly kind: "no_end_marker"; readonly after?: number }
  | { readonly kind: "garbage"; readonly after: number }
  /** An error as an event; `type` as the wire names it (`overloaded_error`, `server_error`, …). */
  | { readonly kind: "error_event"; readonly after: number; readonly type: string; readonly message?: string }
  /** Headers and so many tokens, then nothing; `pings`: nothing but signs of life. */
  | { readonly kind: "silence"; readonly after: number; readonly pings?: boolean }
  | { readonly kind: "slow"; readonly tokensPerSecond: number }
  /** Everything is sent in packets of so many bytes, through the middle of characters. */
  | { readonly kind: "packets"; readonly bytes: number }
  /** One token of so many bytes before the first. */
  | { readonly kind: "huge_event"; readonly bytes: number }
  | { readonly kind: "finish"; readonly reason: "length" | "content_filter" }
  /** The end marker comes, but the connection stays open. */
  | { readonly kind: "open_end" };

/**
 * Faults can be ordered in a prompt, for tests that reach the server only through the page:
 * `[fault=cut after=5]`, `[fault=status status=429 retryAfter=1 times=1]`. `times`: only the first so many requests with
 * this prompt have it.
 */
export function faultInPrompt(prompt: string): { fault: Fault; times: number } | null {
  const found = /\[fault=([a-z_]+)((?: [A-Za-z]+=[^\]\s]+)*)\]/.exec(prompt);
  if (found === null) return null;
  const fields = Array.from(found[2]!.matchAll(/ ([A-Za-z]+)=([^\]\s]+)/g), ([, name, value]) => [
    name!,
    readValue(value!),
  ]);
  const { times = Number.POSITIVE_INFINITY, ...rest } = Object.fromEntries(fields) as Record<string, unknown>;
  return { fault: { kind: found[1]!, ...rest } as Fault, times: Number(times) };
}

function readValue(text: string): string | number | boolean {
  if (/^\d+$/.test(text)) return Number(text);
  return text === "true" ? true : text === "false" ? false : text;
}
