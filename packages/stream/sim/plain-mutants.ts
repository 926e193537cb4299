import type { Mutant } from "./mutant.ts";

const plainAnswers = "src/plain-answers.ts";
const sweeper = "src/sweeper.ts";

/** Rules of plain workflows' answers, each switched off. */
export const plainMutants: readonly Mutant[] = [
  {
    name: "a missing chunk ends it",
    rule: "PL4: a chunk missing for long ends the answer, also where it is the first",
    world: "plain",
    edits: [
      {
        file: plainAnswers,
        find: `else if (missingMs > this.#times.gapMs) this.#giveUp(entry, "chunk_missing");`,
        replace: "else if (missingMs > this.#times.gapMs) return;",
      },
    ],
    seed: 1,
  },
  {
    name: "silence ends it",
    rule: "PL4: silence ends the answer, whether it has begun or not",
    world: "plain",
    edits: [
      {
        file: plainAnswers,
        find: `else if (isSilent) this.#giveUp(entry, answer.isBehind ? "chunk_missing" : "provider_timeout");`,
        replace: "else if (isSilent) return;",
      },
    ],
    seed: 1,
  },
  {
    name: "only news are a sign of life",
    rule: "PL4: what nobody says anything new of is silent",
    world: "plain",
    edits: [{ file: plainAnswers, find: "known.newsAtMs = nowMs;", replace: "" }],
    seed: 1,
  },
  {
    name: "pods give each other what they lack",
    rule: "PL8: a pod that came later asks those that heard the beginning",
    world: "plain",
    edits: [{ file: plainAnswers, find: "if (page !== null) reply?.(page);", replace: "void page; void reply;" }],
    seed: 1,
  },
  {
    name: "pods hear stops",
    rule: "PL6: a pod that has the answer carries out a stop, whichever pod was asked",
    world: "plain",
    edits: [
      {
        file: plainAnswers,
        find: "if (outcome !== null) reply?.(outcome);",
        replace: "void outcome; void reply;",
      },
      {
        file: plainAnswers,
        find: "await sleep(this.#ports.clock, streamLimits.plainStopMs);",
        replace: "await sleep(this.#ports.clock, 10 * streamLimits.plainStopMs);",
      },
    ],
    seed: 1,
  },
  {
    name: "nothing after the ending",
    rule: "PL9: once it is decided how an answer ends, nothing more of it is shown",
    world: "plain",
    edits: [
      {
        file: "src/live-answer.ts",
        find: 'if (this.finalRow !== null || this.isEnding) return { kind: "old" };',
        replace: 'if (this.finalRow !== null) return { kind: "old" };',
      },
    ],
    seed: 1,
  },
  {
    name: "vouching",
    rule: "PL10: pods write down that they hear of it",
    world: "plain",
    edits: [
      {
        file: plainAnswers,
        find: "if (entry.hasNews && nowMs >= entry.vouchAtMs) void this.#vouch(entry);",
        replace: "",
      },
    ],
    seed: 1,
  },
  {
    name: "the sweeper ends what nobody hears",
    rule: "S5: a plain answer of which no pod hears any more is ended",
    world: "plain",
    edits: [
      {
        file: sweeper,
        find: "if (nowMs - heardAtMs <= this.#unheardMs) return;",
        replace: "if (nowMs - heardAtMs >= 0) return;",
      },
    ],
    seed: 1,
  },
  {
    name: "a stop nobody hears",
    rule: "S3: the sweeper carries out the stop of what nobody has",
    world: "plain",
    edits: [
      {
        file: sweeper,
        find: `return this.#end(pending, stoppedEnding, "stopped");`,
        replace: "return false;",
      },
    ],
    seed: 1,
  },
  {
    name: "what waits in the queue waits",
    rule: "S6: a job that is in the queue is not queued again",
    world: "plain",
    edits: [
      {
        file: sweeper,
        find: "if (await queue.holds(pending.request)) return outbox.markQueued(messageId, generation);",
        replace: "",
      },
    ],
    seed: 1,
  },
  {
    name: "attempts are counted",
    rule: "S6: a job of which nothing came is queued again a few times",
    world: "plain",
    edits: [
      {
        file: sweeper,
        find: "await outbox.markQueued(messageId, generation, true);",
        replace: "await outbox.markQueued(messageId, generation);",
      },
    ],
    seed: 1,
  },
  {
    name: "an end without a close is told",
    rule: "PL11: readers of an answer that ended by its row alone are told",
    world: "plain",
    edits: [{ file: "src/live-answer.ts", find: 'if (this.#endedUnsaid) return { kind: "snapshot" };', replace: "" }],
    seed: 1,
  },
  {
    name: "a refused chunk is missing",
    rule: "PL12: a chunk that nobody can read counts as missing",
    world: "plain",
    edits: [
      {
        file: "src/live-answer.ts",
        find: "this.#raiseTip(generation, chunkId);\n    this.#heard(nowMs);\n  }\n\n  /** Whether it is ahead",
        replace: "}\n\n  /** Whether it is ahead",
      },
    ],
    seed: 1,
  },
];
