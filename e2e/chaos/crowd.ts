import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../packages/stream/sim/random.ts";
import type { Cluster } from "../../tools/cluster/index.ts";
import { Conversation, type ScriptedModel } from "../conversation.ts";

/** One answer under way, everybody who reads it, and what was asked of it. */
export type Talk = {
  readonly conversation: Conversation;
  /** Other tabs of the same person, each on a connection of its own. */
  readonly otherTabs: readonly Conversation[];
  readonly prompt: string;
  readonly messageId: string;
  /** When "stopped" was said; null: it was not stopped, or it had ended before. */
  stoppedAtMs: number | null;
  isStopAsked: boolean;
};

export type CrowdOptions = {
  readonly streams: number;
  readonly words: number;
  readonly models: readonly ScriptedModel[];
  readonly random: Random;
  /** Names the sessions; never used before. */
  readonly name: string;
};

/** A second tab for every so many conversations. */
const secondTabEvery = 10;
const openedTogether = 50;
const readyLimitMs = 60_000;
const reconnectIntervalMs = 400;
/** Share of the readers that reconnect at each interval. */
const reconnectingShare = 0.01;
/** Share of the answers that are stopped. */
const stoppedShare = 0.05;
/** Messages sent while the fault lasts. */
const lateTurns = 10;
const lateWords = 30;
const shownCharacters = 20;

/** Readers and the answers they read, through the gateway. */
export class Crowd {
  readonly talks: Talk[] = [];
  readonly late: Promise<Talk>[] = [];
  readonly #cluster: Cluster;
  readonly #options: CrowdOptions;
  #isOver = false;

  constructor(cluster: Cluster, options: CrowdOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  get streams(): number {
    return this.talks.reduce((sum, { otherTabs }) => sum + 1 + otherTabs.length, 0);
  }

  /** Opens the streams and begins the answers; resolves when something of each is shown. */
  async begin(): Promise<void> {
    const { streams } = this.#options;
    for (let first = 0; first < streams; first += openedTogether) {
      const count = Math.min(openedTogether, streams - first);
      const opened = Array.from({ length: count }, (_none, index) => this.#beginOne(first + index));
      this.talks.push(...(await Promise.all(opened)));
    }
  }

  /** What people do meanwhile: some reconnect, some stop, some send. Until `end`. */
  async live(): Promise<void> {
    const { random } = this.#options;
    for (let index = 0; index < lateTurns; index++) this.late.push(this.#sendLate(index));
    const stops: Promise<void>[] = [];
    const stopping = this.talks.filter(() => random.chance(stoppedShare));
    while (!this.#isOver) {
      await sleep(reconnectIntervalMs);
      for (const { conversation } of this.talks) if (random.chance(reconnectingShare)) conversation.reconnect();
      const next = stopping.pop();
      if (next !== undefined) stops.push(this.#stop(next));
    }
    await Promise.all(stops);
  }

  end(): void {
    this.#isOver = true;
  }

  close(): void {
    for (const { conversation, otherTabs } of this.talks) {
      for (const tab of [conversation, ...otherTabs]) tab.close();
    }
  }

  async #beginOne(index: number): Promise<Talk> {
    const { name, words, models } = this.#options;
    const { gatewayUrl } = this.#cluster;
    const conversation = new Conversation(gatewayUrl, `${name}-${index}`);
    const otherTabs = index % secondTabEvery === 0 ? [new Conversation(gatewayUrl, `${name}-${index}`)] : [];
    await Promise.all([conversation, ...otherTabs].map((tab) => tab.ready(readyLimitMs)));
    const prompt = `question ${index} of ${name}: ${words} words`;
    const model = models[index % models.length];
    const messageId = await conversation.send(prompt, model);
    for (const tab of otherTabs) tab.expect(messageId, prompt, model);
    await conversation.untilShown(messageId, shownCharacters, readyLimitMs);
    return { conversation, otherTabs, prompt, messageId, stoppedAtMs: null, isStopAsked: false };
  }

  async #sendLate(index: number): Promise<Talk> {
    const { name } = this.#options;
    const conversation = new Conversation(this.#cluster.gatewayUrl, `${name}-late-${index}`);
    const prompt = `late question ${index} of ${name}: ${lateWords} words`;
    const messageId = await conversation.send(prompt);
    return { conversation, otherTabs: [], prompt, messageId, stoppedAtMs: null, isStopAsked: false };
  }

  async #stop(talk: Talk): Promise<void> {
    talk.isStopAsked = true;
    if (await talk.conversation.stop(talk.messageId)) talk.stoppedAtMs = performance.now();
  }
}
