import type { Msg } from "@nats-io/transport-node";
import { jetStreamNames } from "@uci/protocol";
import { BrokerUnavailableError } from "./errors.ts";
import { natsLimits as limits } from "./limits.ts";
import type { NatsLink } from "./link.ts";
import { nanoseconds } from "./streams.ts";

/** How many jobs are wanted, and how long the server may wait for the first: not at all, or for a time. */
export type PullRequest = { readonly batch: number; readonly waitMs: number };

const subject = `$JS.API.CONSUMER.MSG.NEXT.${jetStreamNames.workflowRequests}.${jetStreamNames.workflowConsumer}`;
/** Nothing there, or the request's time is over: the ordinary ends. */
const ended = new Set([404, 408]);

/**
 * Asks once for jobs. Resolves when all have come or the server says that no more will: a request never outlives the
 * call, and jobs that come too late are handed back at once. Throws `BrokerUnavailableError` when none has come and the
 * server does not say why.
 */
export function pullJobs(link: NatsLink, request: PullRequest): Promise<readonly Msg[]> {
  return new Promise((resolve, reject) => {
    const inbox = link.newInbox();
    const jobs: Msg[] = [];
    let isOver = false;
    const end = (problem: Error | null, lingerMs: number) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      forget();
      if (lingerMs === 0) subscription.unsubscribe();
      else setTimeout(() => subscription.unsubscribe(), lingerMs).unref();
      if (problem === null || jobs.length > 0) resolve(jobs);
      else reject(problem);
    };
    const subscription = link.subscribe(inbox, {
      message(message) {
        const code = statusOf(message);
        if (code === null) {
          if (isOver) return link.publish(message.reply ?? inbox, "-NAK");
          jobs.push(message);
          if (jobs.length === request.batch) end(null, 0);
        } else if (ended.has(code)) end(null, 0);
        else if (code !== 100) end(new BrokerUnavailableError(`the queue answers ${code}`), 0);
      },
      denied: (error) => end(error, 0),
    });
    const late = () => end(new BrokerUnavailableError("the queue did not answer in time"), limits.lateJobMs);
    const timer = setTimeout(late, request.waitMs + limits.pullGraceMs);
    const forget = link.whenLost(() => end(new BrokerUnavailableError("the connection to NATS was lost"), 0));
    link.publish(subject, JSON.stringify(wireRequest(request)), inbox);
  });
}

function wireRequest({ batch, waitMs }: PullRequest) {
  return waitMs > 0 ? { batch, expires: nanoseconds(waitMs) } : { batch, no_wait: true };
}

/** The code of a message that is the server's own word; null: it is a job. */
function statusOf(message: Msg): number | null {
  const code = message.headers?.code ?? 0;
  return code >= 100 && message.data.length === 0 ? code : null;
}
