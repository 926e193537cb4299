import type { AnswerFold } from "../src/fold.ts";
import type { PlainTimes } from "../src/limits.ts";
import type { StopOutcome } from "../src/stop.ts";
import type { StoredRow } from "./database.ts";
import type { MortalProcess } from "./mortal-process.ts";
import { type PlainPlan, plainPlanOf } from "./plain-plan.ts";
import { PlainTruth } from "./plain-truth.ts";
import { PlainWorkflow, type PlainWorld } from "./plain-workflow.ts";
import type { PodProcess } from "./pod-process.ts";
import { resultOf, Schedule, type ScheduleOptions, type ScheduleResult } from "./schedule.ts";

/** Short, so that a schedule is; their order is that of the real ones. */
const plainTimes: PlainTimes = { gapMs: 4_000, silenceMs: 30_000, vouchMs: 3_000 };

/** The answer that takes longest is queued anew twice, a minute apart, after a taker that died had it for 20 s each time. */
const endedWithinMs = 420_000;
/** Once everything works a stop is carried out this quickly through any pod, also where a workflow hears it and does nothing. */
const stopWithinMs = 1_300;
/** What the database kept waiting is tried again within this long. */
const afterRetriesMs = 7_000;
/** A pod that hears an answer ends it within this long after its silence; a sweeper would take longer. */
const silenceSlackMs = 6_000;
/** Faults that take nothing from what workflows say, and from who hears it. */
const gentle = new Set(["cut reader", "slow reader", "registry away", "send again", "kill worker", "database slow"]);

/** A world in which third parties' workflows answer, and one of our workers keeps house. */
export class PlainSchedule extends Schedule {
  readonly #workflows: PlainWorkflow[] = [];
  readonly #world: PlainWorld;
  readonly #truth: PlainTruth;
  /** When the stop of an answer was asked for once everything worked. */
  readonly #stopAskedAtMs = new Map<string, number>();

  constructor(seed: number, options: ScheduleOptions) {
    super(seed, options, {
      plan: plainPlanOf,
      truth: (story, elapsedMs) => new PlainTruth(story, elapsedMs),
      endedWithinMs,
      plainTimes,
    });
    this.#truth = this.surroundings.truth as PlainTruth;
    this.#world = {
      channel: this.channel,
      queue: this.queue,
      given: new Set(),
      mannerOf: (messageId) => this.#mannerOf(messageId),
      truthOf: (messageId) => this.#truth.plain(messageId),
      somePod: () => this.pods.find(({ process }) => process.isAlive)?.process.name ?? null,
    };
  }

  protected override begin(): void {
    const { workflows, beginAtMs, kills, lateStop, healAtMs } = this.plan as PlainPlan;
    const { time } = this.surroundings;
    for (let index = 0; index < workflows; index++) time.after(beginAtMs, () => this.#addWorkflow());
    for (const { atMs, replacedAfterMs } of kills) time.after(atMs, () => this.#killOne(replacedAfterMs));
    if (lateStop !== null)
      time.after(Math.max(healAtMs, beginAtMs) + afterRetriesMs, () => this.#stopLate(`msg_${lateStop}`));
  }

  protected override stopSaid(messageId: string, pod: PodProcess, kind: StopOutcome["kind"]): void {
    const askedAtMs = this.#stopAskedAtMs.get(messageId);
    if (askedAtMs === undefined) return;
    this.#stopAskedAtMs.delete(messageId);
    const { story, time } = this.surroundings;
    const isLate = time.elapsedMs - askedAtMs > stopWithinMs;
    if (kind === "stopping" || isLate) {
      story.broken("PL6", `${pod.process.name} took ${time.elapsedMs - askedAtMs} ms for ${messageId}: ${kind}`);
    }
  }

  /** A pod may die with the close that it has shown and not stored: then its reader has more than the row. */
  protected override endsAlike(fold: AnswerFold, row: StoredRow): boolean {
    if (fold.text === row.text) return true;
    return !this.#isUndisturbed && fold.close !== null && row.status !== "complete" && fold.text.startsWith(row.text);
  }

  protected override checkEnd(): void {
    // A workflow's word for a stop is all there is, and where its chunks are lost it is not kept.
    const isKept = ({ messageId }: { messageId: string }) =>
      this.#isGentle && this.#mannerOf(messageId).lost.size === 0 && this.#mannerOf(messageId).isRefused === false;
    this.stops.splice(0, this.stops.length, ...this.stops.filter(isKept));
    super.checkEnd();
    const { story } = this.surroundings;
    for (const { message_id: messageId, status, errorCode, stop_requested, finalAtMs } of this.database.rows.values()) {
      const { runs, saidAtMs } = this.#truth.plain(messageId);
      const manner = this.#mannerOf(messageId);
      if (runs > 3 && this.#isGentle && manner.acknowledges !== "never") {
        story.broken("S6", `${messageId} was given to a workflow ${runs} times`);
      }
      if (status === "complete" || stop_requested || status === "stopped") continue;
      if (manner.isRefused !== false) {
        const right = manner.isRefused === "placed" ? "provider_bad_response" : "attempts_exhausted";
        if (this.#isGentle && errorCode !== right) story.broken("PL12", `${messageId} ended with ${errorCode}`);
        continue;
      }
      const isHeard = this.#isGentle && manner.to === "broadcast" && errorCode === "provider_timeout";
      if (isHeard && (finalAtMs ?? 0) - saidAtMs > plainTimes.silenceMs + silenceSlackMs) {
        story.broken("PL4", `${messageId} was silent from ${saidAtMs} on and ended at ${finalAtMs}`);
      }
      if (manner.lost.size === 0 && this.#isSurvived) {
        story.broken("PL8", `${messageId} ended with ${errorCode} although a pod had heard all of it`);
      }
      if (this.#isGentle && errorCode === "provider_timeout" && !manner.lost.has(manner.words)) {
        story.broken("PL4", `${messageId} ended with ${errorCode} and was not silent`);
      }
    }
  }

  get #isGentle(): boolean {
    const { faults, kills } = this.plan as PlainPlan;
    return kills.length === 0 && faults.every(({ kind }) => gentle.has(kind));
  }

  /** The same, but that somebody may want answers stopped. */
  get #isUndisturbed(): boolean {
    const { faults, kills } = this.plan as PlainPlan;
    return kills.length === 0 && faults.every(({ kind }) => gentle.has(kind) || kind === "stop");
  }

  /** Pods came and went, and all that workflows said arrived; one at least was there all the while. */
  get #isSurvived(): boolean {
    const { faults, kills, pods } = this.plan as PlainPlan;
    const isQuiet = faults.every(({ kind }) => gentle.has(kind) || kind === "kill pod" || kind === "drain pod");
    const first = this.pods.slice(0, pods).map(({ process }) => process.isAlive);
    const isEverywhere = (this.plan as PlainPlan).manners.every(({ to }) => to === "broadcast");
    return isQuiet && kills.length === 0 && isEverywhere && first.includes(true);
  }

  #mannerOf(messageId: string) {
    const { manners } = this.plan as PlainPlan;
    return manners[Number(messageId.slice("msg_".length))]!;
  }

  #addWorkflow(): void {
    const process: MortalProcess = this.makeProcess("workflow");
    const workflow = new PlainWorkflow(process, this.surroundings, this.#world);
    this.#workflows.push(workflow);
    void workflow.start();
  }

  #killOne(replacedAfterMs: number): void {
    this.#workflows.find(({ process }) => process.isAlive)?.process.kill();
    this.surroundings.time.after(replacedAfterMs, () => this.#addWorkflow());
  }

  /** Everything works: a stop is at once, where a pod has the answer or had it. */
  #stopLate(messageId: string): void {
    const row = this.database.rows.get(messageId);
    if (row === undefined || row.finalAtMs !== null || !row.plain) return;
    this.#stopAskedAtMs.set(messageId, this.surroundings.time.elapsedMs);
    this.stop(messageId);
  }
}

/** Runs the schedule of a seed in a world of plain workflows. */
export function runPlainSchedule(seed: number, options: ScheduleOptions = {}): Promise<ScheduleResult> {
  return resultOf(new PlainSchedule(seed, options));
}
