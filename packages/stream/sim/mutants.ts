/** One change of one file under packages/stream; `find` stands in it exactly once. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/** A rule switched off by changing the program's text, so that the program itself has no switches. */
export type Mutant = {
  readonly name: string;
  /** What is not kept any more, in the words of SPEC.md or the protocol. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** Changes of limits and of how often faults are dealt, which make what the rule is for frequent; no rule is off by them. */
  readonly setting?: readonly Edit[];
  /** A seed whose schedule breaks an invariant without the rule, and breaks none with it. */
  readonly seed: number;
};

const journalWriter = "src/journal-writer.ts";
const workerLoop = "src/worker-loop.ts";
const answerRun = "src/answer-run.ts";
const incarnation = "src/incarnation.ts";
const readerConnection = "src/reader-connection.ts";
const liveAnswer = "src/live-answer.ts";
const podReader = "src/pod-reader.ts";
const sequencedLog = "sim/sequenced-log.ts";
const database = "sim/database.ts";

/** Deals some faults more often. */
function often(...kinds: string[]): Edit[] {
  return [
    {
      file: "sim/plan.ts",
      find: "const totalWeight =",
      replace: `Object.assign(weights, ${JSON.stringify(Object.fromEntries(kinds.map((kind) => [kind, 60])))});\nconst totalWeight =`,
    },
  ];
}

const late: Edit = {
  file: "sim/fault-injector.ts",
  find: "random.between(20, 1_500)",
  replace: "random.between(3_000, 20_000)",
};
const long: Edit = {
  file: "sim/plan.ts",
  find: "const isLong = random.chance(0.03);",
  replace: "const isLong = true;",
};

export const mutants: readonly Mutant[] = [
  {
    name: "compare-and-set",
    rule: "JW5: an append told that the tail has moved is not committed",
    edits: [
      {
        file: journalWriter,
        find: `if (outcome.kind === "committed") return outcome.sequence;`,
        replace: `if (outcome.kind === "committed") return outcome.sequence;
      if (outcome.kind === "moved") return this.#lastSequence + 1;`,
      },
    ],
    seed: 3,
  },
  {
    name: "shared identity",
    rule: "The identity of an entry is the same whoever writes it",
    edits: [
      {
        file: "sim/broker-logs.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
        find: "return `${workerId}:${entry.number}`;",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
        replace: "return `${workerId}:${entry.number}:${entry.records[0]?.kind}`;",
      },
    ],
    seed: 46,
  },
  {
    name: "whose duplicate",
    rule: "JW4: a duplicate may be a seal",
    edits: [
      {
        file: journalWriter,
        find: `if (outcome.kind === "committed") return outcome.sequence;`,
        replace: `if (outcome.kind === "committed" || outcome.kind === "duplicate") return outcome.sequence;`,
      },
    ],
    seed: 7,
  },
  {
    name: "seal before fold",
    rule: "T1: a journal is sealed before it is folded",
    edits: [
      {
        file: "src/takeover.ts",
        find: "const sealed = await sealJournal(this.#journal, this.#clock, workerId, this.#by, reason, wanted);",
        replace: `const sealed: string = "sealed"; void sealJournal; void reason; void wanted;`,
      },
      {
        file: "src/journal-fold.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
        find: "throw new Error(`the journal of ${workerId} does not end in a seal`);",
        replace: "return folder.answers;",
      },
    ],
    seed: 9,
  },
  {
    name: "claim before open",
    rule: "W1: nothing is opened without a claim that was won",
    edits: [{ file: workerLoop, find: `if (claimed === "lost") return`, replace: `if (!incarnation.lives) return` }],
    seed: 38,
  },
  {
    name: "nonce of a claim",
    rule: "O: a claim is won only when the register shows its own nonce",
    edits: [
      {
        file: "src/claim.ts",
        find: "stored.record.nonce === record.nonce",
        replace: "stored.record.attempt === record.attempt",
      },
    ],
    seed: 38,
  },
  {
    name: "base passed on",
    rule: "T2: the base is the last journal with a complete opened, passed on unchanged otherwise",
    edits: [{ file: workerLoop, find: "base: start.base }", replace: "base: null }" }],
    seed: 233,
  },
  {
    name: "opened is whole",
    rule: "T2: an opened counts when its last part is committed",
    edits: [
      {
        file: "src/journal-fold.ts",
        find: "if (parts.length < record.parts) {",
        replace: `if (parts.length < record.parts) {
      this.#answers.set(record.message_id, new AnswerProgress("sess_0", record.message_id, record.generation));
      this.#answers.get(record.message_id)!.fold.attempt = record.attempt;`,
      },
    ],
    setting: [
      ...often("kill worker", "freeze worker"),
      { file: "src/limits.ts", find: "entryBytes: 256 * 1024,", replace: "entryBytes: 300," },
      { file: "src/limits.ts", find: "openedPartBytes: 64 * 1024,", replace: "openedPartBytes: 24," },
    ],
    seed: 682,
  },
  {
    name: "renewed before what waits",
    rule: "W15: an answer is opened again from what is committed, before anything that is not",
    edits: [
      {
        file: "src/journal-writer.ts",
        find: "this.#pending.unshift(...records",
        replace: "this.#pending.push(...records",
      },
    ],
    setting: often("kill worker", "freeze worker", "appends lost"),
    seed: 3,
  },
  {
    name: "renewed as a whole",
    rule: "W15: the floor rises when the last part of the renewed opening is committed",
    edits: [
      {
        file: "src/answer-run.ts",
        find: "if (this.opening === null || part === parts - 1) this.opening = this.#openingAgain;",
        replace: "this.opening = this.#openingAgain;",
      },
    ],
    setting: [
      ...often("kill worker", "freeze worker", "appends lost"),
      { file: "src/limits.ts", find: "entryBytes: 256 * 1024,", replace: "entryBytes: 300," },
      { file: "src/limits.ts", find: "openedPartBytes: 64 * 1024,", replace: "openedPartBytes: 24," },
    ],
    seed: 92,
  },
  {
    name: "born first",
    rule: "A worker claims nothing before its born is committed",
    edits: [
      {
        file: incarnation,
        find: `if ((await this.writer.flushed()) === "fenced") return;`,
        replace: "await Promise.resolve();",
      },
    ],
    setting: often("kill worker", "appends lost", "broker stalls"),
    seed: 4697,
  },
  {
    name: "trim keeps the last",
    rule: "A purge keeps the last entry",
    edits: [
      { file: sequencedLog, find: " || index === log.length - 1", replace: " && index < log.length" },
      { file: "src/journal-trimmer.ts", find: "trim(workerId, before)", replace: "trim(workerId, before + 1)" },
    ],
    setting: [long, { file: "sim/plan.ts", find: "isLong ? 45_000 :", replace: "isLong ? 150_000 :" }],
    seed: 6,
  },
  {
    name: "closed is closed",
    rule: "I7: an answer found closed is stored, not opened again",
    edits: [
      {
        file: workerLoop,
        find: `if (progress.fold.close !== null) return { kind: "closed"`,
        replace: `if (progress.fold.close !== null && attemptsOf === null) return { kind: "closed"`,
      },
      {
        file: workerLoop,
        find: "/** `unknown`: the database cannot say. */",
        replace: "const attemptsOf: unknown = 1;",
      },
    ],
    seed: 108,
  },
  {
    name: "one task a message",
    rule: "W4: a second delivery is given back while the first is worked on",
    edits: [
      {
        file: incarnation,
        find: "this.#ended || this.#draining || this.busy.has(messageId)",
        replace: "this.#ended || this.#draining",
      },
    ],
    seed: 1,
  },
  {
    name: "live after commit",
    rule: "I6: a chunk goes live when its entry is committed",
    edits: [
      {
        file: answerRun,
        find: "this.#uncommittedBytes += text.length;",
        replace: `this.#uncommittedBytes += text.length;
    for (const podId of this.podIds) this.#ports.live.publish(subjects.podResponse(podId), [chunk]);`,
      },
    ],
    seed: 1,
  },
  {
    name: "read serves committed",
    rule: "I6: read serves committed chunks only",
    edits: [
      {
        file: answerRun,
        find: "this.#uncommittedBytes += text.length;",
        replace: "this.#uncommittedBytes += text.length;\n    this.#chunks.push(chunk);",
      },
      {
        file: answerRun,
        find: "if (this.progress.apply(chunk)) this.#chunks.push(chunk);",
        replace: "this.progress.apply(chunk);",
      },
    ],
    seed: 4,
  },
  {
    name: "stop after commit",
    rule: "W7: stopped is said when the close is committed",
    edits: [
      {
        file: answerRun,
        find: `const settled = await this.end({ finishReason: "stopped", error: null, outputTokens: undefined });`,
        replace: `const settled: string = "committed";
    void this.end({ finishReason: "stopped", error: null, outputTokens: undefined });
    if (this.progress.fold.close === null) return { closed: true, finish_reason: "stopped", chunk_id: this.#nextChunkId };`,
      },
    ],
    seed: 15,
  },
  {
    name: "stopped is not generated",
    rule: "I7: an answer stopped while it was looked up calls no provider and writes nothing more",
    edits: [
      {
        file: answerRun,
        find: `if (this.#dropped) return "fenced";
    if (this.#ending !== null) return this.#ending;
    const chosen`,
        replace: "const chosen",
      },
    ],
    setting: often("stop", "registry away", "database slow"),
    seed: 38,
  },
  {
    name: "wish read after serve",
    rule: "W6: the stop wish is read when stop is served",
    edits: [
      {
        file: workerLoop,
        find: "await run.serve();",
        replace: "const seen = await rowView(job, incarnation);\n  await run.serve();",
      },
      {
        file: workerLoop,
        find: "await carryOut(run, exhausted, incarnation);",
        replace: "await carryOut(run, exhausted, incarnation, seen);",
      },
      {
        file: workerLoop,
        find: "exhausted: boolean, incarnation: Incarnation): Promise",
        replace: "exhausted: boolean, incarnation: Incarnation, seen: RowView): Promise",
      },
      {
        file: workerLoop,
        find: "Promise.all([rowView(run.job, incarnation), ",
        replace: "Promise.all([Promise.resolve(seen), ",
      },
    ],
    setting: often("stop", "broker stalls", "cut worker", "freeze worker"),
    seed: 14,
  },
  {
    name: "wish repeated",
    rule: "S3: a stop wish is repeated until the answer is closed",
    edits: [{ file: "src/sweeper.ts", find: "if (pending.stop_requested) {", replace: "if (nowMs < 0) {" }],
    setting: [long, ...often("stop", "cut worker", "freeze worker", "freeze pod")],
    seed: 37,
  },
  {
    name: "leader read",
    rule: "Tails, journals and owners are read from the leader",
    edits: [
      { file: sequencedLog, find: "readsFromLeader: boolean = true", replace: "readsFromLeader: boolean = false" },
    ],
    seed: 36,
  },
  {
    name: "acknowledged after the row",
    rule: "W1: the job is acknowledged when the row is written",
    edits: [
      {
        file: workerLoop,
        find: `if (run === "fenced") return;`,
        replace: `if (run === "fenced") return;
    await ignoreFailure(queue.ack(delivery));`,
      },
    ],
    seed: 1,
  },
  {
    name: "row written until it is",
    rule: "W8: the row is written as often as it takes",
    edits: [
      {
        file: workerLoop,
        find: "(error) => error instanceof PermanentStoreError,",
        replace: "() => true,",
      },
      {
        file: workerLoop,
        find: `outcome = await store({ ...answer, status: "failed", tools: [], error });`,
        replace: "outcome = null; void error;",
      },
      { file: workerLoop, find: "if (outcome === null) return;", replace: "if (outcome === null) return stored();" },
    ],
    seed: 17,
  },
  {
    name: "one final update",
    rule: "I4: a final row is not written again",
    edits: [{ file: database, find: `if (isFinalStatus(row.status)) return "already_final";`, replace: "" }],
    seed: 16,
  },
  {
    name: "generation of the row",
    rule: "The final transaction requires the row's generation",
    edits: [{ file: database, find: `if (row.generation !== answer.generation) return "superseded";`, replace: "" }],
    setting: often("journals wiped", "database away", "database slow", "redelivery"),
    seed: 755,
  },
  {
    name: "lower generations",
    rule: "F3: what is of a lower generation is ignored, by pod and reader",
    edits: [
      {
        file: liveAnswer,
        find: "if (this.finalRow !== null || reply.generation < fold.generation) return false;",
        replace: "if (this.finalRow !== null) return false;",
      },
      { file: "src/fold.ts", find: `if (chunk.generation < this.generation) return "old";`, replace: "" },
      {
        file: "src/fold.ts",
        find: "chunk.generation > this.generation ||",
        replace: "chunk.generation !== this.generation ||",
      },
      {
        file: liveAnswer,
        find: `if (position !== null && position.generation > fold.generation) return { kind: "nothing" };`,
        replace: "",
      },
    ],
    setting: [...often("journals wiped", "kill worker", "messages lost"), late],
    seed: 124,
  },
  {
    name: "fenced aborts",
    rule: "W10: a fenced worker aborts its providers",
    edits: [
      {
        file: answerRun,
        find: "this.#dropped = true;",
        replace: "if (this.storedAtMs === null) return this.#unsubscribe();\n    this.#dropped = true;",
      },
    ],
    seed: 5,
  },
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
