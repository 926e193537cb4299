import type { StreamEvent } from "@uci/protocol";
import { ApiError } from "../errors.ts";
import type { LinkRequest } from "../stream-link.ts";

/** An `ApiError` as it travels between tabs. */
export type ToldError = {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly correlationId: string | null;
  readonly retryAfterMs: number | null;
};

/** What a link says to the hub. `from` names the link; a tab opens a new one for each set of sessions. */
export type LinkMessage =
  | ({ readonly type: "attach"; readonly from: string } & LinkRequest)
  /** Its reader looks at it now: it comes before others where there is not room for all. */
  | { readonly type: "show"; readonly from: string }
  | { readonly type: "ping"; readonly from: string }
  | { readonly type: "detach"; readonly from: string };

/** What the hub says to links. `hub` names the hub, so that one that has lost its place is not believed any more. */
export type HubMessage =
  | { readonly type: "hub"; readonly hub: string }
  | { readonly type: "opened"; readonly hub: string; readonly to: readonly string[] }
  | {
      readonly type: "events";
      readonly hub: string;
      readonly to: readonly string[];
      readonly events: readonly StreamEvent[];
    }
  | { readonly type: "ended"; readonly hub: string; readonly to: readonly string[]; readonly error: ToldError | null }
  /** `known` false: the hub has no such link, so it must begin again. */
  | { readonly type: "pong"; readonly hub: string; readonly to: readonly string[]; readonly known: boolean };

export type TabMessage = LinkMessage | HubMessage;

export function toldError(error: ApiError | null): ToldError | null {
  if (error === null) return null;
  const { code, message, status, retryable, correlationId, retryAfterMs } = error;
  return { code, message, status, retryable, correlationId, retryAfterMs };
}

export function errorOfTold(told: ToldError | null): ApiError | null {
  return told === null ? null : new ApiError(told.code, told.message, told);
}
