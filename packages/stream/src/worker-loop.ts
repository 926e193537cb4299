import { type AliveReply, isFinalStatus, subjects, type WorkflowRequest } from "@uci/protocol";
import { answerFacts } from "./answer-facts.ts";
import { AnswerProgress } from "./answer-progress.ts";
import { AnswerRun } from "./answer-run.ts";
import { claimAnswer } from "./claim.ts";
import { finalAnswerOf } from "./final-answer.ts";
import type { Incarnation } from "./incarnation.ts";
import { streamLimits } from "./limits.ts";
import { type AnswerRow, type Delivery, type FinalAnswer, PermanentStoreError, type StoredOwner } from "./ports.ts";
import { sha256Hex, utf8Bytes } from "./text.ts";
import { Backoff, sleep, untilDone } from "./waiting.ts";

/** `unknown`: the database cannot say. */
type RowView =
  | { readonly kind: "open"; readonly row: AnswerRow }
  | { readonly kind: "over" }
  | { readonly kind: "unknown" };

/** What stands before the next attempt. */
type Start =
  | {
      readonly kind: "attempt";
      readonly job: WorkflowRequest;
      readonly progress: AnswerProgress;
      readonly attempt: number;
      readonly base: string | null;
      readonly afterSequence: number;
    }
  | {
      readonly kind: "closed";
      readonly job: WorkflowRequest;
      readonly progress: AnswerProgress;
      readonly attempt: number;
    }
  | { readonly kind: "over" }
  | { readonly kind: "later" };

/**
 * Works on one job: looks who has it, takes over where the owner is gone, claims, opens, streams, closes, stores,
 * acknowledges, in this order and no other. The steps and their reasons are rules W1 to W12 of SPEC.md.
 */
export async function processJob(delivery: Delivery, incarnation: Incarnation): Promise<void> {
  const { queue } = incarnation.ports;
  const start = await startOf(delivery.job, incarnation);
  if (!incarnation.lives) return;
  if (start.kind === "later") return void (await ignoreFailure(queue.release(delivery, streamLimits.jobReleaseMs)));
  if (start.kind === "attempt") {
    const run = await runAttempt(start, incarnation);
    if (run === "lost") return void (await ignoreFailure(queue.release(delivery, streamLimits.jobReleaseMs)));
    if (run === "fenced") return;
    await storeAnswer(run.finalAnswer(), run.job, incarnation, () => noteStored(run, incarnation));
    if (run.storedAtMs === null) return;
    incarnation.trimmer.stored(run.messageId, run.openedSequence ?? 0, run.storedAtMs);
    forgetLater(run, incarnation);
  } else if (start.kind === "closed") {
    const closed = finalAnswerOf(start.progress, start.attempt);
    // No entry of this journal is about it; what is left to do is to forget its owner when that is safe.
    const noEntry = Number.MAX_SAFE_INTEGER;
    const stored = () => incarnation.trimmer.stored(closed.message_id, noEntry, incarnation.ports.clock.nowMs());
    await storeAnswer(closed, start.job, incarnation, stored);
  }
  if (!incarnation.lives) return;
  await untilDone(
    incarnation.ports.clock,
    new Backoff(streamLimits.askRetryFirstMs, streamLimits.askRetryLastMs),
    () => incarnation.lives,
    () => queue.ack(delivery),
  );
}

async function startOf(givenJob: WorkflowRequest, incarnation: Incarnation): Promise<Start> {
  const { owners } = incarnation.ports;
  let job = givenJob;
  // Asked for at once: whoever waits for the first word waits for the slower of the two.
  const [before, found] = await Promise.all([
    rowView(job, incarnation),
    owners.find(job.message_id).catch(() => "away"),
  ]);
  if (before.kind === "over") return { kind: "over" };
  if (typeof found === "string") return { kind: "later" };
  const owner = found;
  if (owner !== null && owner.record.generation > job.generation) return { kind: "over" };
  const afterSequence = owner?.sequence ?? 0;
  if (owner === null || owner.record.generation < job.generation) {
    // While the database cannot say whether this was stopped or deleted long ago, nothing is begun.
    if (before.kind === "unknown") return { kind: "later" };
    if (before.row.plain) {
      // Readers have a third party's text, whose chunk ids are not ours: ours replaces it under the next generation.
      const raised = await raisedJob(job, incarnation);
      if (raised === null) return { kind: "later" };
      job = raised;
    }
    const progress = new AnswerProgress(job.session_id, job.message_id, job.generation);
    return { kind: "attempt", job, progress, attempt: 1, base: null, afterSequence };
  }
  if (owner.record.worker_id === incarnation.workerId && before.kind === "unknown") return { kind: "later" };
  if (await ownerLives(owner, job.message_id, incarnation)) return { kind: "later" };
  const inherited = await untilInherited(owner, job, incarnation);
  if (inherited === null) return { kind: "later" };
  if (inherited.kind === "lost") {
    const raised = await raisedJob(job, incarnation);
    if (raised === null) return { kind: "later" };
    job = raised;
    const progress = new AnswerProgress(job.session_id, job.message_id, job.generation);
    return { kind: "attempt", job, progress, attempt: 1, base: null, afterSequence };
  }
  // Between the first look and the seal the former owner may have stored it.
  const after = await rowView(job, incarnation);
  if (after.kind === "over") return { kind: "over" };
  if (after.kind === "unknown" && !inherited.opened) return { kind: "later" };
  const { progress, base } = inherited;
  if (progress.fold.close !== null) return { kind: "closed", job, progress, attempt: owner.record.attempt };
  return { kind: "attempt", job, progress, attempt: owner.record.attempt + 1, base, afterSequence };
}

async function untilInherited(owner: StoredOwner, job: WorkflowRequest, incarnation: Incarnation) {
  try {
    return await incarnation.takeover.inherit(owner, job.session_id, job.message_id, () => incarnation.lives);
  } catch {
    return null;
  }
}

async function raisedJob(job: WorkflowRequest, incarnation: Incarnation): Promise<WorkflowRequest | null> {
  try {
    return await incarnation.ports.outbox.raiseGeneration(job.message_id, job.generation);
  } catch {
    return null;
  }
}

async function rowView(job: WorkflowRequest, incarnation: Incarnation): Promise<RowView> {
  try {
    const row = await incarnation.ports.ledger.load(job.message_id);
    const open = row !== null && !isFinalStatus(row.status) && row.generation === job.generation;
    return open ? { kind: "open", row } : { kind: "over" };
  } catch {
    return { kind: "unknown" };
  }
}

/** Whether the job must be left to its owner: it runs there, or nobody can say yet that it does not. */
async function ownerLives(owner: StoredOwner, messageId: string, incarnation: Incarnation): Promise<boolean> {
  const { worker_id: workerId } = owner.record;
  if (workerId === incarnation.workerId) {
    throw new Error(`${messageId} is registered to this worker but not running here`);
  }
  const question = { message_id: messageId };
  const subject = subjects.workerAlive(workerId);
  const outcome = await incarnation.ports.live.request(subject, question, streamLimits.aliveTimeoutMs);
  if (outcome.kind === "no_responders") return false;
  // A worker that answers without running it has closed it and is storing it, or has just been given it.
  if (outcome.kind === "reply") return (outcome.message as AliveReply).worker_id === workerId;
  return incarnation.peers.heardLately(workerId);
}

async function runAttempt(
  start: Extract<Start, { kind: "attempt" }>,
  incarnation: Incarnation,
): Promise<AnswerRun | "lost" | "fenced"> {
  const { job, attempt, progress } = start;
  const { ports, writer, workerId, observe } = incarnation;
  const record = {
    generation: job.generation,
    attempt,
    worker_id: workerId,
    nonce: ports.nonce(),
    base: start.base,
    opened_after: writer.lastSequence,
  };
  const lives = () => incarnation.lives;
  const claimed = await claimAnswer(ports.owners, ports.clock, job.message_id, record, start.afterSequence, lives);
  if (claimed === "lost") return incarnation.lives ? "lost" : "fenced";
  const exhausted =
    attempt - 1 - progress.progressAttempt >= streamLimits.barrenAttempts ||
    progress.providerCalls >= streamLimits.providerCalls;
  const run = new AnswerRun({ workerId, ports, writer, observe }, job, progress, attempt);
  noteBegun(run, incarnation);
  if ((await run.open(!exhausted)) === "fenced") return "fenced";
  await run.serve();
  if (!incarnation.lives) {
    run.drop();
    return "fenced";
  }
  const ended = await carryOut(run, exhausted, incarnation);
  return ended === "fenced" ? "fenced" : run;
}

/** Everything between `opened` and the close. The stop wish is read after `stop` is served, so that none is missed. */
async function carryOut(run: AnswerRun, exhausted: boolean, incarnation: Incarnation): Promise<"committed" | "fenced"> {
  const { ports } = incarnation;
  const [row, route] = await Promise.all([rowView(run.job, incarnation), ports.router.routeOf(run.job.session_id)]);
  if (route.kind === "broadcast") run.broadcast = true;
  else for (const podId of route.podIds) run.podIds.add(podId);
  // Stored by somebody else, or deleted: there is nobody to generate for, and the close tells whether this one is fenced.
  if (row.kind === "over") return run.end({ finishReason: "interrupted", error: null, outputTokens: 0 });
  if (row.kind === "open" && row.row.stop_requested) {
    return run.end({ finishReason: "stopped", error: null, outputTokens: 0 });
  }
  if (exhausted) return run.fail("attempts_exhausted", "The answer was cut off too often and was given up.");
  const chosen = ports.model.resolve(run.job.context.ai_provider, run.job.context.model);
  const abilities =
    chosen === null ? { resume: false, continuePrefix: false } : ports.model.abilities(chosen.provider, chosen.model);
  const continuation = ports.policy.continuation(run.progress.state(), abilities);
  if (continuation.kind === "interrupt") {
    return run.end({ finishReason: "interrupted", error: null, outputTokens: undefined });
  }
  return run.generate(continuation);
}

/** Writes the row, as often as it takes. What can never be stored as it is is stored as failed with the text kept. */
async function storeAnswer(
  answer: FinalAnswer,
  job: WorkflowRequest,
  incarnation: Incarnation,
  stored: () => void,
): Promise<void> {
  const { ports, observe } = incarnation;
  const { message_id, session_id, generation } = answer;
  const intact = answer.length === utf8Bytes(answer.text) && answer.sha256 === sha256Hex(answer.text);
  if (!intact) throw new Error(`the fold of ${message_id} does not match its close`);
  const backoff = new Backoff(streamLimits.askRetryFirstMs, streamLimits.askRetryLastMs);
  const store = (final: FinalAnswer) =>
    untilDone(
      ports.clock,
      backoff,
      () => incarnation.lives,
      async () => {
        try {
          return await ports.ledger.finalize(final);
        } catch (error) {
          observe({ kind: "store_retry", message_id, error });
          throw error;
        }
      },
      (error) => error instanceof PermanentStoreError,
    );
  let outcome: Awaited<ReturnType<typeof store>>;
  try {
    outcome = await store(answer);
  } catch (failure) {
    const { ai_provider, model } = job.context;
    const facts = answerFacts(job, ports.model.resolve(ai_provider, model));
    const reason = failure instanceof Error ? failure.message : "";
    observe({ kind: "unstorable", ...facts, attempt: answer.attempts, reason });
    const error = { code: "answer_unstorable", message: "The answer could not be stored as it was." };
    outcome = await store({ ...answer, status: "failed", tools: [], error });
  }
  if (outcome === null) return;
  stored();
  observe({ kind: "stored", message_id, outcome });
  if (outcome === "stored") {
    const told = { persisted: { session_id, message_id, generation } };
    const run = incarnation.runs.get(message_id);
    if (run === undefined || run.broadcast) ports.live.publish(subjects.sessionBroadcast(session_id), told);
    else for (const podId of run.podIds) ports.live.publish(subjects.podResponse(podId), told);
  }
}

/** From here on this answer is written in this worker's journal. */
function noteBegun(run: AnswerRun, { runs, unstored }: Incarnation): void {
  const before = runs.get(run.messageId);
  if (before !== undefined) unstored.delete(before);
  runs.set(run.messageId, run);
  unstored.add(run);
}

/** Its row is written: nobody needs the journal for it any more. */
function noteStored(run: AnswerRun, { ports, unstored }: Incarnation): void {
  run.storedAtMs = ports.clock.nowMs();
  unstored.delete(run);
}

/** Late readers find a finished answer at its worker for a minute; then the row is enough. */
function forgetLater(run: AnswerRun, incarnation: Incarnation): void {
  void sleep(incarnation.ports.clock, streamLimits.keptAnswerMs).then(() => {
    if (incarnation.runs.get(run.messageId) === run) incarnation.runs.delete(run.messageId);
    run.drop();
  });
}

async function ignoreFailure(task: Promise<void>): Promise<void> {
  try {
    await task;
  } catch {
    // The queue delivers the job again by itself.
  }
}
