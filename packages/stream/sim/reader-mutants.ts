import { long, type Mutant, often } from "./mutant.ts";

const journalWriter = "src/journal-writer.ts";
const workerLoop = "src/worker-loop.ts";
const incarnation = "src/incarnation.ts";
const readerConnection = "src/reader-connection.ts";
const liveAnswer = "src/live-answer.ts";
const podReader = "src/pod-reader.ts";

/** Rules of the pod, of its readers and of the sweeper, each switched off. */
export const readerMutants: readonly Mutant[] = [
  {
    name: "hold before read",
    rule: "P5: live chunks are held until what was missed has been sent",
    edits: [{ file: readerConnection, find: "holding = true;", replace: "holding = false;" }],
    setting: often("cut reader", "database away", "kill pod", "freeze pod"),
    seed: 183,
  },
  {
    name: "cursor kept",
    rule: "P5: the cursor names an answer until its row is final",
    edits: [{ file: readerConnection, find: "if (answer.isOver) this.#positions", replace: "this.#positions" }],
    setting: often("cut reader", "database away", "kill pod"),
    seed: 46,
  },
  {
    name: "owner of the session",
    rule: "P16: an answer is sent to connections of its session's owner alone",
    edits: [
      { file: podReader, find: " || connection.userId !== answer.ownerId) return;", replace: ") return;" },
      {
        file: podReader,
        find: "readers.filter((connection) => connection.userId === answer.ownerId)",
        replace: "readers",
      },
    ],
    seed: 7,
  },
  {
    name: "no hole is skipped",
    rule: "B1: what comes early is held",
    edits: [
      {
        file: "src/chunk-buffer.ts",
        find: `if (outcome === "gap") return this.#hold(chunk);`,
        replace: `if (outcome === "gap") {
      this.fold.nextChunkId = chunk.chunk_id;
      this.fold.textBytes = chunk.offset ?? 0;
      return this.offer(chunk);
    }`,
      },
    ],
    seed: 4,
  },
  {
    name: "gap repair",
    rule: "P2: what is missing is asked for",
    edits: [
      {
        file: liveAnswer,
        find: "return (gap || silent || this.fold.close !== null)",
        replace: "void gap; void silent;\n    return this.fold.close !== null",
      },
    ],
    seed: 156,
  },
  {
    name: "close in a snapshot",
    rule: "P5: a snapshot that covers the close says how the answer ended",
    edits: [
      {
        file: liveAnswer,
        find: "status: finishReason === null ? begun : statusOfFinish(finishReason),",
        replace: "status: begun,",
      },
    ],
    seed: 9,
  },
  {
    name: "ended are listed",
    rule: "P5: an answer that ended between two listings is recalled",
    edits: [
      {
        file: podReader,
        find: "if (isFinalStatus(row.status)) void this.#recall(row);",
        replace: "if (isFinalStatus(row.status)) continue;",
      },
    ],
    seed: 4,
  },
  {
    name: "forgotten is forgotten",
    rule: "P15: what comes back for an answer forgotten meanwhile changes nothing",
    edits: [
      {
        file: podReader,
        find: "isFollowed: (answer: LiveAnswer) => this.#isFollowed(answer),",
        replace: "isFollowed: () => true,",
      },
    ],
    seed: 25759,
  },
  {
    name: "row where no owner is",
    rule: "P4: without an owner the final row is the answer",
    edits: [
      { file: "src/answer-recovery.ts", find: "if (final) this.finalize(answer, row);", replace: "" },
      {
        file: podReader,
        find: "await this.#recovery.loadRow(answer);\n  }\n\n  /** A cursor",
        replace: "}\n\n  /** A cursor",
      },
    ],
    seed: 3,
  },
  {
    name: "unpublished are published",
    rule: "S1: a stored job that was never published is published",
    edits: [
      {
        file: "src/sweeper.ts",
        find: "if (nowMs - pending.created_at_ms < streamLimits.unpublishedJobMs) return;",
        replace: "return;",
      },
    ],
    seed: 5,
  },
  {
    name: "unknown is tried again",
    rule: "JW3: an unknown outcome is answered by the identical append",
    edits: [
      {
        file: journalWriter,
        find: "await sleep(this.#clock, backoff.nextMs());",
        replace: `if (outcome.kind === "unknown") return this.#lastSequence + 1;
      await sleep(this.#clock, backoff.nextMs());`,
      },
    ],
    seed: 2,
  },
  {
    name: "positions",
    rule: "P3: positions tell of an answer of which nothing new comes",
    edits: [
      {
        file: incarnation,
        find: "every(clock, streamLimits.positionsMs, () => this.#tellPositions()),",
        replace: "every(clock, streamLimits.positionsMs, () => void 0),",
      },
      { file: incarnation, find: "  #tellPositions(): void {", replace: "  tellPositions(): void {" },
    ],
    setting: [long],
    seed: 2,
  },
  {
    name: "nobody goes on with what is over",
    rule: "W2: an answer that was stored meanwhile calls no provider",
    edits: [
      {
        file: workerLoop,
        find: `if (row.kind === "over") return run.end`,
        replace: `if (row.kind !== row.kind) return run.end`,
      },
    ],
    setting: often("cut worker", "stop", "broker stalls"),
    seed: 346,
  },
  {
    name: "history is history",
    rule: "P5: what ended before a connection was opened is not sent to it",
    edits: [
      {
        file: readerConnection,
        find: "if (this.holding || this.history.has(answer.messageId)) return 0;",
        replace: "if (this.holding) return 0;",
      },
    ],
    setting: often("cut reader", "kill pod", "database slow", "slow reader"),
    seed: 7,
  },
];

/** Rules whose mutants break no invariant, and what makes up for them. They stay because they are cheap and spare work. */
export const redundant: readonly { readonly rule: string; readonly because: string }[] = [
  {
    rule: "W2: the row is read again after the fold",
    because:
      "An answer that its owner stored meanwhile is found closed by the fold and stored once more, which the final " +
      "transaction refuses; where its entries are trimmed, its register entry was removed before, and the claim loses; " +
      "where its generation was raised, the final transaction refuses the lower one. 4,000 seeds with faults to match.",
  },
  {
    rule: "I4: length and SHA-256 are compared by the writer of the row and by readers",
    because:
      "No fault of the simulation changes bytes, so what the fold guarantees is compared with itself. The comparison " +
      "guards against what is outside of the model: a broken store, a foreign client, a mistake in the fold, which the " +
      "mutants of the fold show to be noticed.",
  },
  {
    rule: "Subscribe before look-up: a pod and a worker subscribe, then look up",
    because:
      "What falls between the two is found again: by a pod with its list every 10 s and what ended lately in it, by a " +
      "worker with the pods' questions, repeated until somebody answers. The order spares readers up to 10 s.",
  },
];
