import type { AnswerStatus } from "@uci/protocol";

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
  | { readonly kind: "plain_stored"; readonly message_id: string; readonly status: AnswerStatus }
  | { readonly kind: "store_retry"; readonly message_id: string; readonly error: unknown }
  | { readonly kind: "registry_failed"; readonly error: unknown };
