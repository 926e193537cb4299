import { subjects } from "@uci/protocol";
import { streamLimits } from "./limits.ts";
import type { Clock, LiveChannel, Subscription } from "./ports.ts";
import { every } from "./waiting.ts";

/**
 * Which other workers live. Each says so twice a second; one unheard for 1.25 s is asked, and is given up when nobody
 * answers there or it stays silent for 3 s. A worker that was itself frozen or cut off gives everybody a new start.
 */
export class Peers {
  readonly #workerId: string;
  readonly #live: LiveChannel;
  readonly #clock: Clock;
  readonly #died: (workerId: string) => void;
  readonly #heardAtMs = new Map<string, number>();
  readonly #asked = new Set<string>();
  #lastTickMs: number;
  #heardMyselfAtMs: number;
  #stop: (() => void) | null = null;
  #subscription: Subscription | null = null;

  constructor(workerId: string, live: LiveChannel, clock: Clock, died: (workerId: string) => void) {
    this.#workerId = workerId;
    this.#live = live;
    this.#clock = clock;
    this.#died = died;
    this.#lastTickMs = clock.nowMs();
    this.#heardMyselfAtMs = clock.nowMs();
  }

  async start(): Promise<void> {
    this.#subscription = await this.#live.subscribe(subjects.workerHeartbeatAll, (message) => {
      const { worker_id: workerId, leaving } = message as { worker_id: string; leaving?: true };
      if (leaving === true) this.#heardAtMs.delete(workerId);
      else if (workerId === this.#workerId) this.#heardMyselfAtMs = this.#clock.nowMs();
      else this.#heardAtMs.set(workerId, this.#clock.nowMs());
    });
    this.#lastTickMs = this.#clock.nowMs();
    this.#heardMyselfAtMs = this.#lastTickMs;
    this.#beat();
    this.#stop = every(this.#clock, streamLimits.workerHeartbeatMs, () => this.#tick());
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
    this.#subscription?.close();
  }

  /** Tells the others that this worker has sealed its own journal and handed its answers over: nobody need miss it. */
  leave(): void {
    this.#live.publish(subjects.workerHeartbeat(this.#workerId), { worker_id: this.#workerId, leaving: true });
  }

  /** Whether a worker has been heard within the time after which silence means death. */
  heardLately(workerId: string): boolean {
    const heardAtMs = this.#heardAtMs.get(workerId);
    return heardAtMs !== undefined && this.#clock.nowMs() - heardAtMs < streamLimits.workerDeadMs;
  }

  #beat(): void {
    this.#live.publish(subjects.workerHeartbeat(this.#workerId), { worker_id: this.#workerId });
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    const frozen = nowMs - this.#lastTickMs > streamLimits.workerHeartbeatMs * 2;
    const cutOff = nowMs - this.#heardMyselfAtMs > streamLimits.workerSilentMs;
    this.#lastTickMs = nowMs;
    this.#beat();
    if (frozen || cutOff) {
      for (const workerId of this.#heardAtMs.keys()) this.#heardAtMs.set(workerId, nowMs);
      return;
    }
    for (const [workerId, heardAtMs] of this.#heardAtMs) {
      const leftMs = streamLimits.workerSilentMs - (nowMs - heardAtMs);
      if (leftMs <= 0) void this.#ask(workerId);
      // Readers wait for this: half a beat's time more is half a second of theirs.
      else if (leftMs < streamLimits.workerHeartbeatMs) this.#clock.after(leftMs, () => this.#look(workerId));
    }
  }

  /** Between two ticks, which see to it whether this worker itself was frozen or cut off. */
  #look(workerId: string): void {
    const heardAtMs = this.#heardAtMs.get(workerId);
    if (heardAtMs === undefined || this.#stop === null) return;
    const nowMs = this.#clock.nowMs();
    const isLate = nowMs - this.#lastTickMs > streamLimits.workerHeartbeatMs;
    const isDeaf = nowMs - this.#heardMyselfAtMs > streamLimits.workerHeartbeatMs * 2;
    if (!isLate && !isDeaf && nowMs - heardAtMs >= streamLimits.workerSilentMs) void this.#ask(workerId);
  }

  async #ask(workerId: string): Promise<void> {
    if (this.#asked.has(workerId)) return;
    this.#asked.add(workerId);
    const outcome = await this.#live.request(subjects.workerAlive(workerId), {}, streamLimits.aliveTimeoutMs);
    this.#asked.delete(workerId);
    const heardAtMs = this.#heardAtMs.get(workerId);
    if (heardAtMs === undefined || this.#stop === null) return;
    const nowMs = this.#clock.nowMs();
    if (outcome.kind === "reply") this.#heardAtMs.set(workerId, nowMs);
    else if (outcome.kind === "no_responders" || nowMs - heardAtMs >= streamLimits.workerDeadMs) {
      this.#heardAtMs.delete(workerId);
      this.#died(workerId);
    }
  }
}
