import { randomUUID } from "node:crypto";
import type { Admission, AnswerLedger, FinalAnswer, Outbox, PendingJob } from "@uci/stream";
import type {
  AcceptedTurn,
  ConversationStore,
  RegenerationRequest,
  TitleStore,
  TurnOutcome,
  TurnRequest,
} from "../src/index.ts";

export type StoreUnderTest = {
  readonly conversations: ConversationStore;
  readonly ledger: AnswerLedger;
  readonly outbox: Outbox;
  readonly admission: Admission;
  readonly titles: TitleStore;
};

export type MakeStore = () => Promise<StoreUnderTest>;

/** A store with a user of the test's own, and the steps that most tests take. */
export class Scene {
  readonly store: StoreUnderTest;
  readonly user: string;

  private constructor(store: StoreUnderTest, user: string) {
    this.store = store;
    this.user = user;
  }

  static async open(makeStore: MakeStore): Promise<Scene> {
    const store = await makeStore();
    const scene = new Scene(store, newId("user"));
    await store.conversations.users.ensure(scene.user);
    return scene;
  }

  /** The same store as another user sees it. */
  async asAnother(): Promise<Scene> {
    return Scene.open(async () => this.store);
  }

  try(change: Partial<TurnRequest> = {}): Promise<TurnOutcome> {
    return this.store.conversations.turns.acceptTurn(this.request(change));
  }

  request(change: Partial<TurnRequest> = {}): TurnRequest {
    return {
      user_id: this.user,
      session_id: undefined,
      message: "What is the time?",
      parent_message_id: undefined,
      ai_provider: undefined,
      model: undefined,
      context: {},
      attachments: [],
      temporary: null,
      idempotency: null,
      correlation_id: newId("corr"),
      limits: { job_bytes: 1024 * 1024, running_answers: 100, waiting_answers: 100 },
      ...change,
    };
  }

  async accept(change: Partial<TurnRequest> = {}): Promise<AcceptedTurn> {
    return accepted(await this.try(change));
  }

  tryAgain(messageId: string, change: Partial<RegenerationRequest> = {}): Promise<TurnOutcome> {
    const { ai_provider, model, context, idempotency, correlation_id, limits } = this.request();
    const choice = { ai_provider, model, context, idempotency, correlation_id, limits };
    const request = { user_id: this.user, message_id: messageId, ...choice, ...change };
    return this.store.conversations.turns.acceptRegeneration(request);
  }

  /** A turn whose answer is complete. */
  async converse(change: Partial<TurnRequest> = {}, text = "Half past nine."): Promise<AcceptedTurn> {
    const turn = await this.accept(change);
    await this.store.ledger.finalize(finalAnswer(turn, { text }));
    return turn;
  }

  /** All open jobs of this user. */
  async pending(): Promise<PendingJob[]> {
    const jobs: PendingJob[] = [];
    for (let after: string | null = null; ; ) {
      const page: readonly PendingJob[] = await this.store.outbox.pending(after, 50);
      jobs.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < 50) return jobs.filter((job) => job.request.user_id === this.user);
      after = last.request.message_id;
    }
  }
}

export function accepted(outcome: TurnOutcome): AcceptedTurn {
  if (outcome.kind !== "accepted") throw new Error(`not accepted: ${outcome.kind}`);
  return outcome.turn;
}

export function finalAnswer(turn: AcceptedTurn, change: Partial<FinalAnswer> = {}): FinalAnswer {
  return {
    message_id: turn.answer.message_id,
    session_id: turn.answer.session_id,
    generation: 0,
    status: "complete",
    text: "Half past nine.",
    reasoning: "",
    tools: [],
    model: "some-model",
    token_count: 4,
    finish_reason: "stop",
    last_chunk_id: 3,
    length: 15,
    sha256: "0".repeat(64),
    attempts: 1,
    error: null,
    ...change,
  };
}

export function newId(kind: string): string {
  return `${kind}_${randomUUID()}`;
}
