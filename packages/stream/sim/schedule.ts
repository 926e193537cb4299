import type { WorkflowRequest } from "@uci/protocol";
import type { AnswerFold } from "../src/fold.ts";
import type { PlainTimes } from "../src/limits.ts";
import type { StopOutcome } from "../src/stop.ts";
import { BrokerLogs } from "./broker-logs.ts";
import { Client, strangerId } from "./client.ts";
import { SimulatedDatabase, type StoredRow } from "./database.ts";
import { FaultInjector } from "./fault-injector.ts";
import { SimulatedModel } from "./language-model.ts";
import { SimulatedChannel } from "./live-channel.ts";
import { MortalProcess } from "./mortal-process.ts";
import { type Plan, planOf } from "./plan.ts";
import { PodProcess } from "./pod-process.ts";
import { Random } from "./random.ts";
import { SimulatedRegistry } from "./session-registry.ts";
import { Story, type Violation } from "./story.ts";
import type { Surroundings } from "./surroundings.ts";
import { Truth } from "./truth.ts";
import { VirtualTime } from "./virtual-time.ts";
import { fairWeather } from "./weather.ts";
import { SimulatedQueue } from "./work-queue.ts";
import { WorkerProcess } from "./worker-process.ts";

export type ScheduleOptions = {
  /** Keep the lines of the story. */
  readonly story?: boolean;
};

/** What makes one kind of world differ from another. */
export type ScheduleKind = {
  plan(random: Random): Plan;
  truth(story: Story, elapsedMs: () => number): Truth;
  /** Everything is over within this long after the last fault, the provider's own time not counted. */
  readonly endedWithinMs: number;
  /** Absent: the heart's own. */
  readonly plainTimes?: PlainTimes;
};

const journaled: ScheduleKind = {
  plan: planOf,
  truth: (story, elapsedMs) => new Truth(story, elapsedMs),
  endedWithinMs: 180_000,
};

export type ScheduleResult = {
  readonly violations: readonly Violation[];
  readonly story: readonly string[];
  /** Timers that ran. */
  readonly steps: number;
  /** Virtual time it took. */
  readonly durationMs: number;
  /** Faults that took effect, by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** The same for the same seed and program. */
  readonly fingerprint: string;
};

const strangerEverySeeds = 7;
/** After the end something that should not come may still come. */
const codaMs = 1_200;

/** A stop wish is carried out within this long once everything works. */
const wishCarriedOutMs = 12_000;
/** What is committed is at every connected reader within this long once everything works: pods list every 10 s. */
const deliveredWithinMs = 13_000;

/** A world of pods, workers, readers and services, driven through one seed's faults to the end of every answer. */
export class Schedule {
  readonly plan: Plan;
  readonly surroundings: Surroundings;
  readonly logs: BrokerLogs;
  readonly database: SimulatedDatabase;
  readonly channel: SimulatedChannel;
  readonly registry: SimulatedRegistry;
  readonly queue: SimulatedQueue;
  readonly model: SimulatedModel;
  readonly workers: WorkerProcess[] = [];
  readonly pods: PodProcess[] = [];
  readonly clients: Client[] = [];
  /** Requests sent by clients, by idempotency key, and whether they have been accepted. */
  readonly posts = new Map<string, { readonly request: WorkflowRequest; isAccepted: boolean }>();
  /** What was said to whoever stopped an answer. */
  readonly stops: { readonly messageId: string; readonly generation: number; readonly finishReason: string | null }[] =
    [];
  readonly wishes: { readonly messageId: string; readonly atMs: number }[] = [];
  #names = 0;
  #nonces = 0;
  protected isHealed = false;
  readonly #kind: ScheduleKind;
  readonly #hasStranger: boolean;
  #overAtMs: number | null = null;
  #countdown = 0;

  constructor(seed: number, options: ScheduleOptions, kind: ScheduleKind = journaled) {
    const random = new Random(seed);
    // By the seed itself, so that the schedules of the others stay what they were.
    this.#hasStranger = seed % strangerEverySeeds === 0;
    this.#kind = kind;
    this.plan = kind.plan(random);
    const time = new VirtualTime();
    const elapsedMs = () => time.elapsedMs;
    const story = new Story(elapsedMs, options.story ?? false);
    const truth = kind.truth(story, elapsedMs);
    truth.lives = (workerId) =>
      this.workers.some(({ process }) => process.isAlive && workerId.startsWith(`${process.name}-`));
    const { races } = this.plan;
    this.surroundings = { time, random, story, truth, races, weather: { ...fairWeather }, faults: new Map() };
    this.logs = new BrokerLogs(this.surroundings);
    this.database = new SimulatedDatabase(this.surroundings);
    this.channel = new SimulatedChannel(this.surroundings);
    this.registry = new SimulatedRegistry(this.surroundings);
    this.queue = new SimulatedQueue(this.surroundings);
    const { way, firstWordMs, wordIntervalMs, failing, answers, paddingCharacters } = this.plan;
    const words = new Map(answers.map((answer, index) => [`msg_${index}`, answer.words]));
    const modelPlan = { way, firstWordMs, wordIntervalMs, failing, words, paddingCharacters };
    this.model = new SimulatedModel(this.surroundings, modelPlan);
  }

  async run(): Promise<void> {
    const { plan, surroundings } = this;
    const { time, random, story } = surroundings;
    story.tell("SCHEDULE", () => JSON.stringify(plan));
    for (let index = 0; index < plan.workers; index++) this.addWorker();
    for (let index = 0; index < plan.pods; index++) this.addPod();
    for (let index = 0; index < plan.clients; index++) {
      const sessions = [0, 1].slice(0, plan.sessions).map((number) => `sess_${number}`);
      const shown = random.chance(0.7) ? sessions : [random.pick(sessions)];
      const client = new Client(`reader-${index}`, "user_0", shown, surroundings, () => this.pods);
      this.clients.push(client);
      time.after(random.between(5, random.chance(0.7) ? 50 : 4_000), () => client.connect());
    }
    if (this.#hasStranger) this.#addStranger();
    this.begin();
    for (const [index, { atMs }] of plan.answers.entries()) {
      const sessionId = `sess_${index % plan.sessions}`;
      time.after(atMs + 20, () => this.post(this.#request(`msg_${index}`, sessionId)));
    }
    const injector = new FaultInjector(this);
    for (const fault of plan.faults) time.after(fault.atMs + 10, () => injector.inject(fault));
    time.after(plan.healAtMs, () => this.#heal(injector));
    const providerMs = 10 * (plan.firstWordMs + 60 * plan.wordIntervalMs);
    await time.run(plan.healAtMs + this.#kind.endedWithinMs + providerMs, () => this.#isOver());
    this.checkEnd();
  }

  /** Somebody whose connection shows a session that has become another's. */
  #addStranger(): void {
    const { surroundings, plan } = this;
    const sessions = [0, 1].slice(0, plan.sessions).map((number) => `sess_${number}`);
    const stranger = new Client("stranger", strangerId, sessions, surroundings, () => this.pods);
    surroundings.time.after(surroundings.random.between(5, 2_000), () => stranger.connect());
  }

  /** What else there is in a world of this kind begins. */
  protected begin(): void {}

  addWorker(): WorkerProcess {
    const { plan, logs, database, channel, registry, queue, model } = this;
    const process = this.makeProcess("worker");
    const nonce = () => `n${String(this.#nonces++).padStart(7, "0")}`;
    const { slots, trimDelayMs, renewalEntries } = plan;
    const { plainTimes } = this.#kind;
    const settings = { slots, trimDelayMs, renewalEntries, nonce, plainTimes };
    const services = { logs, database, channel, registry, queue, model, ...settings };
    const worker = new WorkerProcess(process, this.surroundings, services);
    this.workers.push(worker);
    void worker.start();
    return worker;
  }

  addPod(): PodProcess {
    const { database, channel, registry, queue } = this;
    const { plainTimes } = this.#kind;
    const services = { database, channel, registry, queue, plainTimes };
    const pod = new PodProcess(this.makeProcess("pod"), this.surroundings, services);
    this.pods.push(pod);
    void pod.start();
    return pod;
  }

  /** A client sends a message, again with the same key until it is accepted. */
  post(request: WorkflowRequest): void {
    const { time, random, story } = this.surroundings;
    const key = `key_${request.message_id}`;
    const post = this.posts.get(key) ?? { request, isAccepted: false };
    this.posts.set(key, post);
    const ready = this.pods.filter((pod) => pod.isReady && pod.process.isAlive);
    const again = () => time.after(random.between(300, 1_000), () => this.post(request));
    if (ready.length === 0) return void again();
    const pod = random.pick(ready);
    let isAnswered = false;
    time.after(4_000, () => {
      if (!isAnswered && !post.isAccepted) again();
    });
    pod.process.receive(() => {
      pod.post(key, request).then(
        (accepted) => {
          isAnswered = true;
          if (accepted.message_id !== request.message_id) story.broken("I11", `${key} has two answers`);
          post.isAccepted = true;
          const reader = this.clients.find((client) => client.sessionIds.includes(accepted.session_id));
          time.after(random.between(1, 30), () => reader?.track(accepted.message_id));
        },
        () => {
          isAnswered = true;
          if (!post.isAccepted) again();
        },
      );
    });
  }

  /** A client stops an answer through any pod. */
  stop(messageId: string): void {
    const { random, story, truth } = this.surroundings;
    const ready = this.pods.filter((pod) => pod.isReady && pod.process.isAlive);
    if (ready.length === 0) return;
    const pod = random.pick(ready);
    story.tell(pod.process.name, () => `is asked to stop ${messageId}`);
    pod.process.receive(() => {
      pod.stop(messageId).then(
        (outcome) => {
          story.tell(pod.process.name, () => `says of the stop of ${messageId}: ${JSON.stringify(outcome)}`);
          if (outcome.kind === "stopping") this.wishes.push({ messageId, atMs: this.surroundings.time.elapsedMs });
          this.stopSaid(messageId, pod, outcome.kind);
          if (outcome.kind !== "closed") return;
          const answer = truth.answer(messageId);
          if (!answer.isClosed) story.broken("I9", `${messageId} is called closed without a close`);
          const { generation } = answer.latest.close ?? { generation: 0 };
          this.stops.push({ messageId, generation, finishReason: outcome.finishReason });
        },
        () => undefined,
      );
    });
  }

  /** What a pod has said to a stop. */
  protected stopSaid(_messageId: string, _pod: PodProcess, _kind: StopOutcome["kind"]): void {}

  protected makeProcess(kind: string): MortalProcess {
    const { time, story, random } = this.surroundings;
    const process = new MortalProcess(`${kind}-${this.#names++}`, time, story, random);
    process.atDeath(() => {
      // Mostly the connection ends with the process; where the whole machine is gone it takes a while.
      const noticedMs = random.chance(0.8) ? random.between(0, 40) : random.between(1_000, 8_000);
      time.after(noticedMs, () => this.channel.forget(process));
    });
    return process;
  }

  #request(messageId: string, sessionId: string): WorkflowRequest {
    return {
      ...{ message_id: messageId, session_id: sessionId, user_id: "user_0", message: "tell me" },
      ...{ context: { conversation_history: [] }, generation: 0, correlation_id: messageId },
      timestamp: new Date(this.surroundings.time.nowMs()).toISOString(),
    };
  }

  #heal(injector: FaultInjector): void {
    const { weather, truth, time, story } = this.surroundings;
    story.tell("SCHEDULE", () => "everything works again");
    this.isHealed = true;
    Object.assign(weather, fairWeather);
    truth.brokerSoundSinceMs = time.elapsedMs;
    truth.healedAtMs = time.elapsedMs;
    for (const { process } of [...this.workers, ...this.pods]) {
      process.trap = null;
      process.heal();
      process.thaw();
    }
    injector.end();
    const watch = () => {
      this.#checkDelivery();
      time.after(1_000, watch);
    };
    watch();
    for (const client of this.clients) {
      client.slow(false);
      if (!client.isConnected) client.connect();
    }
    if (!this.workers.some(({ process }) => process.isAlive)) this.addWorker();
    if (!this.pods.some(({ process }) => process.isAlive)) this.addPod();
  }

  #isOver(): boolean {
    if (this.surroundings.story.violations.length > 0) return true;
    if (!this.isHealed) return false;
    if (--this.#countdown > 0) return false;
    this.#countdown = 16;
    const { elapsedMs } = this.surroundings.time;
    if (!this.#isSettled()) this.#overAtMs = null;
    else this.#overAtMs ??= elapsedMs;
    return this.#overAtMs !== null && elapsedMs > this.#overAtMs + codaMs;
  }

  /** Every message is accepted and ended, and every reader has what it is to have. */
  #isSettled(): boolean {
    if (this.posts.size < this.plan.answers.length) return false;
    for (const post of this.posts.values()) if (!post.isAccepted) return false;
    return this.database.isOver && this.clients.every((client) => this.#lacks(client).length === 0);
  }

  /** Answers a reader still lacks something of: what it believes unfinished, and what ended while it was connected. */
  #lacks(client: Client): string[] {
    const lacking: string[] = [];
    const { soundSinceMs } = client;
    if (soundSinceMs === null) return ["ready"];
    for (const row of this.database.rows.values()) {
      if (!client.sessionIds.includes(row.session_id)) continue;
      const answer = client.answers.get(row.message_id);
      const wasThere = row.finalAtMs !== null && row.finalAtMs > soundSinceMs;
      // One that ended and began again, its journals lost, while the reader was away is history like any other.
      const isPast = answer === undefined || (answer.isEnded && answer.fold.generation < row.generation);
      if (isPast ? wasThere : !answer.isEnded) lacking.push(row.message_id);
    }
    return lacking;
  }

  /** Nobody who has been connected for a while lacks what was committed a while ago. */
  #checkDelivery(): void {
    const { story, time, truth } = this.surroundings;
    const beforeMs = time.elapsedMs - deliveredWithinMs;
    // What was wiped nobody has any more.
    if (beforeMs < this.plan.healAtMs || truth.isWiped) return;
    for (const client of this.clients) {
      const { soundSinceMs } = client;
      if (soundSinceMs === null || soundSinceMs > beforeMs) continue;
      for (const row of this.database.rows.values()) {
        if (row.finalAtMs !== null || !client.sessionIds.includes(row.session_id)) continue;
        const last = this.#servedBefore(row.message_id, beforeMs);
        const fold = client.answers.get(row.message_id)?.fold;
        const isThere = fold !== undefined && fold.generation >= row.generation && fold.nextChunkId > (last ?? -1);
        if (last === null || isThere) continue;
        story.broken("P2", `${client.name} still lacks chunk ${last} of ${row.message_id}`);
      }
    }
  }

  /** The last chunk committed by then, where its owner has been there to be asked since; null otherwise. */
  #servedBefore(messageId: string, beforeMs: number): number | null {
    const { truth } = this.surroundings;
    const answer = truth.answer(messageId);
    const { openedIn, openedAtMs, chunks } = answer.latest;
    if (openedIn === null || openedAtMs > beforeMs || truth.isSealed(openedIn)) return null;
    if (!truth.lives(openedIn)) return null;
    return chunks.findLast((chunk) => answer.committedAtMs(chunk) <= beforeMs)?.chunk_id ?? null;
  }

  /** Whether what a reader ended with is what the row holds. */
  protected endsAlike(fold: AnswerFold, row: StoredRow): boolean {
    return fold.text === row.text;
  }

  protected checkEnd(): void {
    const { story } = this.surroundings;
    for (const { request, isAccepted } of this.posts.values()) {
      if (!isAccepted) story.broken("I5", `${request.message_id} was never accepted`);
    }
    for (const row of this.database.rows.values()) {
      if (row.finalAtMs === null) story.broken("I5", `${row.message_id} never ended`);
    }
    for (const client of this.clients) {
      const lacking = this.#lacks(client);
      if (lacking.length > 0) story.broken("I5", `${client.name} lacks ${lacking.join(", ")}`);
      for (const [messageId, { fold, isEnded }] of client.answers) {
        const row = this.database.rows.get(messageId);
        if (row === undefined || row.finalAtMs === null || !isEnded || fold.generation < row.generation) continue;
        if (!this.endsAlike(fold, row))
          story.broken("I4", `${client.name} ends with ${fold.text}, the row with ${row.text}`);
      }
    }
    for (const { messageId, atMs } of this.wishes) {
      const { finalAtMs = null, finish_reason = null } = this.database.rows.get(messageId) ?? {};
      const late = (finalAtMs ?? 0) > Math.max(atMs, this.plan.healAtMs) + wishCarriedOutMs;
      if (late && finish_reason !== "stopped") story.broken("S3", `${messageId} went on long after its stop`);
    }
    for (const { messageId, generation, finishReason } of this.stops) {
      const row = this.database.rows.get(messageId);
      if (row === undefined || row.finalAtMs === null || row.generation !== generation) continue;
      if (row.finish_reason !== finishReason) {
        story.broken("I9", `${messageId} was said to end with ${finishReason} and ended with ${row.finish_reason}`);
      }
    }
  }
}

/** Runs the schedule of a seed to its end. */
export function runSchedule(seed: number, options: ScheduleOptions = {}): Promise<ScheduleResult> {
  return resultOf(new Schedule(seed, options));
}

export async function resultOf(schedule: Schedule): Promise<ScheduleResult> {
  await schedule.run();
  const { story, time, faults, random } = schedule.surroundings;
  return {
    violations: story.violations,
    story: story.lines,
    steps: time.steps,
    durationMs: time.elapsedMs,
    faults,
    fingerprint: `${time.steps}.${time.elapsedMs}.${random.between(0, 0xffffffff).toString(36)}`,
  };
}
