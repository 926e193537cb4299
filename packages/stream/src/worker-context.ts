import type { FinishReason } from "@uci/protocol";
import type { AnswerFacts } from "./answer-facts.ts";
import type {
  AnswerLedger,
  AnswerPolicy,
  Clock,
  Journal,
  LanguageModel,
  LiveChannel,
  NonceSource,
  Outbox,
  OwnerRegister,
  WorkQueue,
} from "./ports.ts";
import type { PodRouter } from "./router.ts";

/** What a worker needs; the same for every incarnation of it. */
export type WorkerPorts = {
  readonly journal: Journal;
  readonly owners: OwnerRegister;
  readonly queue: WorkQueue;
  readonly live: LiveChannel;
  readonly ledger: AnswerLedger;
  readonly outbox: Outbox;
  readonly model: LanguageModel;
  readonly policy: AnswerPolicy;
  readonly router: PodRouter;
  readonly clock: Clock;
  readonly nonce: NonceSource;
};

export type WorkerSettings = {
  /** First part of every incarnation's id: `[A-Za-z0-9_-]`, at most 40 characters. */
  readonly name: string;
  /** Answers running at once. */
  readonly slots: number;
  /** How long after the row's commit its journal may be trimmed; 0 with a synchronous standby. */
  readonly trimDelayMs: number;
  /** Entries after which an answer is opened again in its journal; default `streamLimits.renewalEntries`. */
  readonly renewalEntries?: number;
};

/** What is worth counting and logging; never a text. */
export type WorkerEvent =
  | { readonly kind: "born"; readonly worker_id: string }
  | { readonly kind: "fenced"; readonly worker_id: string }
  /** Something threw that should not have; the answer or the incarnation it was met in is given up. */
  | {
      readonly kind: "failed";
      readonly worker_id: string;
      readonly message_id: string;
      readonly correlation_id: string;
      readonly error: unknown;
    }
  | { readonly kind: "sealed"; readonly worker_id: string; readonly by: string }
  /** It has sealed its own journal, and others can take its answers. */
  | { readonly kind: "handed_over"; readonly worker_id: string; readonly answers: number }
  | { readonly kind: "opened"; readonly message_id: string; readonly attempt: number; readonly correlation_id: string }
  | {
      readonly kind: "first_text";
      readonly message_id: string;
      readonly correlation_id: string;
      readonly sinceJobMs: number;
    }
  | {
      readonly kind: "provider_failed";
      readonly message_id: string;
      readonly correlation_id: string;
      readonly code: string;
    }
  | (AnswerFacts & {
      readonly kind: "closed";
      readonly attempt: number;
      readonly finish_reason: FinishReason;
      /** Null: it did not fail. */
      readonly error_code: string | null;
      /** Since the message was accepted. */
      readonly duration_ms: number;
    })
  /** The row cannot be written as it is, so the answer is stored as failed, with its text. */
  | (AnswerFacts & { readonly kind: "unstorable"; readonly attempt: number; readonly reason: string })
  | { readonly kind: "stored"; readonly message_id: string; readonly outcome: string }
  | { readonly kind: "store_retry"; readonly message_id: string; readonly error: unknown }
  | { readonly kind: "congested"; readonly full: boolean }
  | { readonly kind: "appended"; readonly bytes: number; readonly durationMs: number }
  /** So many chunks have been committed with one entry. */
  | { readonly kind: "committed"; readonly chunks: number };

export type WorkerObserver = (event: WorkerEvent) => void;
