import { late, long, type Mutant, often } from "./mutant.ts";

const journalWriter = "src/journal-writer.ts";
const workerLoop = "src/worker-loop.ts";
const answerRun = "src/answer-run.ts";
const incarnation = "src/incarnation.ts";
const liveAnswer = "src/live-answer.ts";
const sequencedLog = "sim/sequenced-log.ts";
const database = "sim/database.ts";

/** Rules of the journal and of the worker, each switched off. */
export const workerMutants: readonly Mutant[] = [
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
    edits: [{ file: workerLoop, find: "base: start.base,", replace: "base: null," }],
    seed: 61,
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
      // Read from where the owner claimed it, the answer would be found after all.
      { file: "src/takeover.ts", find: "        () => this.#foldFrom(source, from),\n", replace: "" },
    ],
    setting: [
      ...often("kill worker", "freeze worker", "appends lost"),
      { file: "src/limits.ts", find: "entryBytes: 256 * 1024,", replace: "entryBytes: 300," },
      { file: "src/limits.ts", find: "openedPartBytes: 64 * 1024,", replace: "openedPartBytes: 24," },
    ],
    seed: 24,
  },
  {
    name: "renewed for the last time",
    rule: "W16: the seal says where what is handed over begins, not later",
    edits: [
      {
        file: incarnation,
        find: "const floor = Math.min(floorOf(this.unstored) ?? this.writer.lastSequence, this.writer.lastSequence);",
        replace: "const floor = this.writer.lastSequence;",
      },
      // Read from where the owner claimed it, the answer would be found after all.
      { file: "src/takeover.ts", find: "        () => this.#foldFrom(source, from),\n", replace: "" },
    ],
    setting: often("drain worker"),
    seed: 19,
  },
  {
    name: "nothing after the last renewal",
    rule: "W16: what a worker told to stop does not take any more is told to nobody as committed",
    edits: [
      { file: "src/journal-writer.ts", find: "    this.#pushed++;\n", replace: "" },
      {
        file: "src/journal-writer.ts",
        find: "    this.#pending.push({ record, bytes, priority, isRenewal: false });",
        replace: "    this.#pushed++;\n    this.#pending.push({ record, bytes, priority, isRenewal: false });",
      },
    ],
    setting: often("drain worker", "stop"),
    seed: 9,
  },
  {
    name: "owner before base",
    rule: "T5: the owner's whole part is read before the base",
    edits: [
      {
        file: "src/takeover.ts",
        find: "        () => this.#foldFrom(source, from),\n",
        replace: "        ...(source === worker_id && base !== null ? [] : [() => this.#foldFrom(source, from)]),\n",
      },
    ],
    setting: often("drain worker", "database away", "redelivery"),
    seed: 4752,
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
    seed: 10559,
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
    edits: [
      { file: "src/sweeper.ts", find: "if (pending.stop_requested && (await", replace: "if (nowMs < 0 && (await" },
    ],
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
];
