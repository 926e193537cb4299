import { type Chunk, subjects, type WorkflowRequest } from "@uci/protocol";
import type { Delivery, LiveChannel, WorkQueue } from "../src/ports.ts";
import type { SimulatedChannel } from "./live-channel.ts";
import type { MortalProcess } from "./mortal-process.ts";
import type { PlainManner } from "./plain-plan.ts";
import { type PlainAnswerTruth, plainWords } from "./plain-truth.ts";
import type { Surroundings } from "./surroundings.ts";
import type { SimulatedQueue } from "./work-queue.ts";

export type PlainWorld = {
  readonly channel: SimulatedChannel;
  readonly queue: SimulatedQueue;
  mannerOf(messageId: string): PlainManner;
  truthOf(messageId: string): PlainAnswerTruth;
  /** A pod there is now. */
  somePod(): string | null;
  /** Jobs that have been given to some workflow. */
  readonly given: Set<string>;
};

const extendMs = 5_000;

/** A third party's workflow as a process: it knows the documents and nothing of journals, owners and attempts. */
export class PlainWorkflow {
  readonly process: MortalProcess;
  readonly #surroundings: Surroundings;
  readonly #world: PlainWorld;
  readonly #live: LiveChannel;
  readonly #queue: WorkQueue;

  constructor(process: MortalProcess, surroundings: Surroundings, world: PlainWorld) {
    this.process = process;
    this.#surroundings = surroundings;
    this.#world = world;
    this.#live = world.channel.portFor(process);
    this.#queue = world.queue.portFor(process);
  }

  async start(): Promise<void> {
    for (;;) {
      const taken = await this.#queue.take(1, 1_000).catch(() => this.#pause(200, []));
      for (const delivery of taken) void this.#answer(delivery).catch(() => undefined);
    }
  }

  async #answer(delivery: Delivery): Promise<void> {
    const { job } = delivery;
    const manner = this.#world.mannerOf(job.message_id);
    const truth = this.#world.truthOf(job.message_id);
    truth.runs++;
    truth.words = plainWords(job.message_id, manner.words);
    const wasGiven = this.#world.given.has(delivery.token);
    this.#world.given.add(delivery.token);
    if ((wasGiven && !manner.repeats) || manner.acknowledges === "at once") await this.#queue.ack(delivery);
    if (wasGiven && !manner.repeats) return;
    const life = { isOver: false, isStopped: false };
    void this.#keep(delivery, life);
    const replies: ((message: unknown) => void)[] = [];
    if (manner.stop !== "deaf") {
      const subscription = this.#live.subscribe(subjects.messageStop(job.message_id), (_message, _subject, reply) => {
        if (manner.stop === "hangs") return;
        life.isStopped = true;
        if (reply !== null) replies.push(reply);
      });
      void subscription.then((own) => this.#surroundings.time.after(60_000, () => own.close()));
    }
    const last = await this.#say(job, manner, truth, life);
    for (const reply of replies)
      reply({ closed: true, finish_reason: life.isStopped ? "stopped" : "stop", chunk_id: last });
    life.isOver = true;
    if (manner.acknowledges === "at the end") await this.#queue.ack(delivery);
  }

  async #say(job: WorkflowRequest, manner: PlainManner, truth: PlainAnswerTruth, life: { isStopped: boolean }) {
    const pod = manner.to === "pod" ? this.#world.somePod() : null;
    const subject = pod === null ? subjects.sessionBroadcast(job.session_id) : subjects.podResponse(pod);
    let group: Chunk[] = [];
    const flush = () => {
      for (let times = manner.sendsTwice ? 2 : 1; times > 0; times--)
        this.#publish(subject, group.toReversed(), manner);
      group = [];
    };
    let id = 0;
    for (; id < manner.words && !life.isStopped; id++) {
      await this.#pause(manner.wordIntervalMs, null);
      if (!manner.lost.has(id)) {
        truth.said.add(id);
        truth.saidAtMs = this.#surroundings.time.elapsedMs;
        group.push(this.#chunk(job, id, truth.words[id]!, null, manner));
      }
      if (group.length >= manner.group) flush();
    }
    truth.closes.add(id);
    if (!manner.lost.has(manner.words) || life.isStopped) {
      group.push(this.#chunk(job, id, "", life.isStopped ? "stopped" : "stop", manner));
    }
    flush();
    return id;
  }

  #publish(subject: string, chunks: readonly Chunk[], { form }: PlainManner): void {
    if (form === "single") for (const chunk of chunks) this.#live.publish(subject, chunk);
    else this.#live.publish(subject, form === "list" ? chunks : { chunks });
  }

  #chunk(job: WorkflowRequest, id: number, text: string, end: string | null, { isRefused }: PlainManner): Chunk {
    const { session_id, message_id, correlation_id } = job;
    const said = {
      ...{
        session_id,
        message_id,
        correlation_id,
        chunk_id: id,
        chunk: isRefused !== false ? 5 : text,
        chunk_type: "content",
      },
      ...(isRefused === "nameless" ? { message_id: null } : {}),
      ...{ is_final: end !== null, metadata: end === null ? null : { finish_reason: end }, error: null },
      timestamp: this.#surroundings.time.nowMs(),
    };
    return said as unknown as Chunk;
  }

  async #keep(delivery: Delivery, life: { readonly isOver: boolean }): Promise<void> {
    for (;;) {
      await this.#pause(extendMs, null);
      if (life.isOver) return;
      await this.#queue.extend([delivery]).catch(() => undefined);
    }
  }

  #pause<Value>(delayMs: number, value: Value): Promise<Value> {
    return new Promise((resolve) => this.process.clock.after(delayMs, () => resolve(value)));
  }
}
