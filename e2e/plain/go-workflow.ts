import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node";
import type { Manner } from "./manners.ts";

/** A job as docs/workflow-service.md shows it. */
type Job = {
  readonly message_id: string;
  readonly session_id: string;
  readonly message: string;
  readonly correlation_id: string;
};

const next = "$JS.API.CONSUMER.MSG.NEXT.WORKFLOW_REQUESTS.workflow-processor";
const askEveryMs = 2_000;
const workingMs = 5_000;

/**
 * A workflow written from docs/workflow-service.md alone, as a Go program would be: every field is sent, those that say
 * nothing as null or empty; times are numbers; chunks go out in objects. What the user wrote says how it behaves. It
 * knows no generation, and drops jobs that come a second time.
 */
export class GoWorkflow {
  readonly #nats: NatsConnection;
  readonly #inbox: string;
  /** A pod's subject, for answers that go to one pod alone. */
  podSubject = "chat.pod.none.response";
  isOver = false;

  private constructor(nats: NatsConnection) {
    this.#nats = nats;
    this.#inbox = `_INBOX_workflow.go${process.pid}.${Date.now()}`;
  }

  /** `url` holds user and password. */
  static async start(url: string): Promise<GoWorkflow> {
    const { hostname, port, username, password } = new URL(url);
    const servers = `${hostname}:${port}`;
    const options = { servers, user: username, pass: decodeURIComponent(password), inboxPrefix: "_INBOX_workflow" };
    const workflow = new GoWorkflow(await connect({ ...options, maxReconnectAttempts: -1, reconnectTimeWait: 200 }));
    workflow.#nats.subscribe(`${workflow.#inbox}.*`, { callback: (_error, message) => workflow.#take(message) });
    void workflow.#ask();
    return workflow;
  }

  async close(): Promise<void> {
    this.isOver = true;
    await this.#nats.close();
  }

  /** The health of a pod, asked for with nothing. */
  healthOf(podId: string, monitorUrl: string): Promise<unknown> {
    return asMonitor(monitorUrl, async (monitor) => {
      return (await monitor.request(`chat.pod.${podId}.health`, "", { timeout: 5_000 })).json();
    });
  }

  /** The next heartbeat of a pod. */
  heartbeatOf(podId: string, monitorUrl: string): Promise<unknown> {
    return asMonitor(monitorUrl, async (monitor) => {
      for await (const message of monitor.subscribe(`chat.pod.${podId}.heartbeat`, { max: 1 })) return message.json();
      throw new Error("the connection ended before a heartbeat came");
    });
  }

  async #ask(): Promise<void> {
    for (let asked = 0; !this.isOver; asked++) {
      const question = { batch: 20, expires: askEveryMs * 1_000_000 };
      try {
        this.#nats.publish(next, JSON.stringify(question), { reply: `${this.#inbox}.${asked}` });
      } catch {
        // The connection is being made anew.
      }
      await pause(askEveryMs);
    }
  }

  #take(message: Msg): void {
    if (message.reply === undefined || !message.reply.startsWith("$JS.ACK.")) return;
    const parts = message.reply.split(".");
    const deliveries = Number(parts.length === 9 ? parts[4] : parts[6]);
    if (deliveries > 1) this.#say(message.reply, "+TERM");
    else void this.#answer(message.json<Job>(), message.reply);
  }

  async #answer(job: Job, token: string): Promise<void> {
    const { words, pauseMs, lost, to, diesAfter } = JSON.parse(job.message) as Manner;
    const working = setInterval(() => this.#say(token, "+WPI"), workingMs);
    for (let id = 0; id <= words; id++) {
      if (id === diesAfter) return clearInterval(working);
      if (!lost.includes(id)) this.#publish(job, id, id === words, to);
      await pause(pauseMs);
    }
    clearInterval(working);
    this.#say(token, "+ACK");
  }

  #publish({ session_id, message_id, correlation_id }: Job, id: number, isFinal: boolean, to: Manner["to"]): void {
    const chunk = {
      ...{ message_id, session_id, correlation_id, chunk_id: id, chunk: isFinal ? "" : `word${id} `, chunk_type: "" },
      ...{ is_final: isFinal, metadata: null, error: null, timestamp: Date.now() / 1000, sequence: 0, user_id: null },
    };
    const subject = to === "pod" ? this.podSubject : `chat.session.${session_id}.broadcast`;
    this.#say(subject, JSON.stringify(id % 2 === 0 ? { chunks: [chunk], count: 1 } : chunk));
  }

  #say(subject: string, payload: string): void {
    try {
      this.#nats.publish(subject, payload);
    } catch {
      // It is closed; whoever waits for this goes without.
    }
  }
}

async function asMonitor<Result>(url: string, ask: (monitor: NatsConnection) => Promise<Result>): Promise<Result> {
  const { hostname, port, username, password } = new URL(url);
  const own = { user: username, pass: decodeURIComponent(password), inboxPrefix: "_INBOX_monitor" };
  const monitor = await connect({ servers: `${hostname}:${port}`, ...own });
  try {
    return await ask(monitor);
  } finally {
    await monitor.close();
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
