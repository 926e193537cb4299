import type { IncomingMessage, ServerResponse } from "node:http";
import type { Metrics } from "@uci/adapters/metrics";
import type { DatabaseTrouble } from "@uci/adapters/postgres";
import type { ConversationStore } from "@uci/chat";
import type { ErrorCode, ModelList } from "@uci/protocol";
import type {
  AnswerLedger,
  Clock,
  LiveChannel,
  Outbox,
  PlainTimes,
  PodReader,
  SessionRegistry,
  SizedQueue,
  WorkQueue,
} from "@uci/stream";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Accounts } from "../accounts.ts";
import type { BackendConfig } from "../config.ts";
import type { Identifier } from "../identity.ts";
import type { Attempts } from "../rate-limit.ts";

/** What a pod is given by whoever composes it. */
export type BackendPorts = {
  readonly store: ConversationStore;
  readonly ledger: AnswerLedger;
  readonly outbox: Pick<Outbox, "markQueued">;
  readonly queue: Pick<WorkQueue, "enqueue"> & SizedQueue;
  /** Lets answers begin for which there is room, since others of the same person went. Never throws. */
  readonly admitWaiting: () => Promise<void>;
  readonly live: LiveChannel;
  /** How long answers of third parties' workflows are waited for; absent: as usual. */
  readonly plainTimes?: PlainTimes;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  /** Which provider and model a request means; null: there is no such one. */
  readonly model: {
    resolve(
      provider: string | undefined,
      model: string | undefined,
    ): { provider: string | undefined; model: string | undefined } | null;
  };
  /** Providers and models that are configured now. */
  readonly models: () => ModelList;
  /** Whether the broker can be reached just now. */
  readonly brokerConnected: () => boolean;
  /** Why the database takes no writes just now; null: it does, as far as is known. */
  readonly databaseTrouble: () => DatabaseTrouble | null;
  /** The accounts' library over the database; null in trusted mode. */
  readonly accounts: Accounts | null;
  /** Counts of failures that all pods share. */
  readonly attempts: Attempts;
  /** The error code for a service that cannot be reached, null for any other error. */
  readonly unavailable: (error: unknown) => ErrorCode | null;
  readonly makeId: (kind: "connection" | "correlation" | "session") => string;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
};

/** What every route needs. */
export type Surroundings = {
  readonly config: BackendConfig;
  readonly ports: BackendPorts;
  readonly reader: PodReader;
  readonly identifier: Identifier;
  /** Told of every request that has its answer. */
  readonly answered: (request: FastifyRequest) => void;
  readonly isDraining: () => boolean;
  /** Ends here, at once, what sign-ins that have ended still have open. Nothing to do in trusted mode. */
  readonly endRevoked: () => Promise<void>;
};

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
