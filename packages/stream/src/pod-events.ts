import type { AnswerStatus, FinishReason } from "@uci/protocol";

/** What happens in a pod that is worth counting and logging; never a text. */
export type PodEvent =
  | { readonly kind: "chunks_in"; readonly count: number }
  | { readonly kind: "chunks_out"; readonly count: number }
  | { readonly kind: "out_of_order"; readonly message_id: string }
  | { readonly kind: "contradiction"; readonly message_id: string }
  | { readonly kind: "overflow"; readonly message_id: string }
  | { readonly kind: "asked"; readonly message_id: string; readonly outcome: "page" | "row" | "nothing" }
  | { readonly kind: "gap_repaired"; readonly message_id: string }
  /** A position was ahead of everything received. */
  | { readonly kind: "tail_guard"; readonly message_id: string }
  | { readonly kind: "hash_mismatch"; readonly message_id: string }
  | { readonly kind: "slow_reader_closed"; readonly connection_id: string }
  | { readonly kind: "too_many_answers" }
  /** A message that has none of the forms that travel to a pod. */
  | { readonly kind: "malformed" }
  /** A third party's chunk that is not taken; `reason` names the field. */
  | { readonly kind: "chunk_refused"; readonly message_id: string | null; readonly reason: string }
  /** A plain chunk came again with another text, which is dropped. */
  | { readonly kind: "altered_repeat"; readonly message_id: string }
  /** A plain answer was ended because nothing more came of it. */
  | {
      readonly kind: "plain_given_up";
      readonly message_id: string;
      readonly code: "chunk_missing" | "provider_timeout" | "provider_bad_response";
      /** Why a chunk of it was refused; null: none was. */
      readonly refusal: string | null;
    }
  /** The same to make room: too many answers waited for a chunk. */
  | { readonly kind: "plain_evicted"; readonly message_id: string }
  /** Other pods cannot ask this one for what it has of a plain answer. */
  | { readonly kind: "plain_unserved"; readonly message_id: string; readonly error: unknown }
  /** A plain answer was stored here; `user_id` null: it is not known whose it is. */
  | {
      readonly kind: "plain_stored";
      readonly user_id: string | null;
      readonly session_id: string;
      readonly message_id: string;
      /** Of its last chunk; empty: its workflow gives none. */
      readonly correlation_id: string;
      readonly model: string | null;
      readonly status: AnswerStatus;
      readonly finish_reason: FinishReason;
      /** Null: it did not fail. */
      readonly error_code: string | null;
    }
  | { readonly kind: "store_retry"; readonly message_id: string; readonly error: unknown }
  | { readonly kind: "registry_failed"; readonly error: unknown };
