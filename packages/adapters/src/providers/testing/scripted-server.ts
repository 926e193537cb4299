import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BackgroundResponse } from "./background.ts";
import { type Fault, faultInPrompt } from "./faults.ts";
import { perform, type Script, type Step } from "./performance.ts";
import { prefixOf, readRequest } from "./read-request.ts";
import { scriptedAnswer } from "./scripted-answer.ts";
import { type SeenRequest, SeenRequests } from "./seen-requests.ts";
import { createWriter, errorBody, type WireName } from "./wires.ts";

export type ScriptedServerOptions = {
  /** Default: any free one. */
  readonly port?: number;
  /** 0 (default): as fast as the connection takes them. */
  readonly tokensPerSecond?: number;
  /** Default: `scriptedAnswer`. */
  readonly answer?: (prompt: string) => string;
  /** Told by `GET /v1/models`. */
  readonly models?: readonly string[];
};

/**
 * A model provider for tests, on 127.0.0.1. It speaks OpenAI's Responses API and chat completions (base URL
 * `{origin}/v1`) and Anthropic's Messages API (base URL `{origin}/v1` too), answers with a known function of the prompt,
 * fails as told, and records who asked what and who went away.
 */
export class ScriptedServer {
  readonly requests = new SeenRequests();
  tokensPerSecond: number;
  readonly #options: ScriptedServerOptions;
  readonly #server: Server;
  readonly #queue: (Fault | null)[] = [];
  readonly #timesByPrompt = new Map<string, number>();
  readonly #background = new Map<string, BackgroundResponse>();
  #always: Fault | null = null;

  private constructor(options: ScriptedServerOptions) {
    this.#options = options;
    this.tokensPerSecond = options.tokensPerSecond ?? 0;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static async start(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(options);
    await new Promise<void>((resolve, reject) => {
      scripted.#server.once("error", reject);
      scripted.#server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return scripted;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the adapters of all three wires take. */
  get baseUrl(): string {
    return `${this.origin}/v1`;
  }

  /** Faults of the next requests for an answer, one each; null: none. */
  script(...faults: (Fault | null)[]): void {
    this.#queue.push(...faults);
  }

  /** The fault of every request for which nothing else is scripted; null: none. */
  always(fault: Fault | null): void {
    this.#always = fault;
  }

  backgroundResponse(id: string): BackgroundResponse | undefined {
    return this.#background.get(id);
  }

  /** Ends it with all its connections. */
  async close(): Promise<void> {
    for (const response of this.#background.values()) response.cancel();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await readRequest(request, this.requests.all.length + 1);
    this.requests.add(seen);
    const gone = new AbortController();
    response.on("close", () => {
      gone.abort();
      this.requests.end(seen, response.writableFinished ? "complete" : "aborted");
    });
    try {
      if (seen.wire !== null) await this.#answer(seen, seen.wire, response, gone.signal);
      else this.#other(seen, response, gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) throw error;
    }
  }

  async #answer(seen: SeenRequest, wire: WireName, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const fault = this.#faultOf(seen);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "reset") {
      this.requests.end(seen, "faulted");
      response.destroy();
      return;
    }
    if (fault?.kind === "status") {
      this.requests.end(seen, "faulted");
      refuse(seen, wire, response, fault);
      return;
    }
    const body = seen.body as Record<string, unknown>;
    const id = `${wire === "responses" ? "resp" : wire === "chat" ? "chatcmpl" : "msg"}_${seen.number}`;
    const script = this.#scriptOf(seen, wire, id, fault);
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    if (body.background !== true) {
      await this.#send(perform(script, gone), seen, response, fault);
      return;
    }
    const running = new BackgroundResponse(id, script);
    this.#background.set(id, running);
    await this.#send(running.read(0, gone), seen, response, fault);
  }

  #scriptOf(seen: SeenRequest, wire: WireName, id: string, fault: Fault | null): Script {
    const body = seen.body as Record<string, unknown> & { stream_options?: { include_usage?: boolean } };
    const whole = (this.#options.answer ?? scriptedAnswer)(seen.prompt);
    const prefix = prefixOf(seen);
    // Anthropic shows the model a beginning without the white space at its end, so the model writes it again.
    const text = whole.startsWith(prefix) ? whole.slice(prefix.length) : whole;
    return {
      writer: createWriter[wire]({
        id,
        model: seen.model,
        inputTokens: JSON.stringify(seen.body).length >> 2,
        includeUsage: body.stream_options?.include_usage === true,
      }),
      prompt: seen.prompt,
      text,
      fault,
      tokensPerSecond: () => this.tokensPerSecond,
      mostTokens: (body.max_tokens ?? body.max_output_tokens) as number | undefined,
    };
  }

  /** Model list, retrieval and cancelling of background responses. */
  #other(seen: SeenRequest, response: ServerResponse, gone: AbortSignal): void {
    const address = new URL(seen.path, this.origin);
    const [, id, action] = /\/responses\/([^/]+)(?:\/(cancel))?$/.exec(address.pathname) ?? [];
    const running = id === undefined ? undefined : this.#background.get(id);
    if (seen.method === "GET" && address.pathname.endsWith("/models")) {
      const data = (this.#options.models ?? ["scripted"]).map((model) => ({ id: model, object: "model" }));
      writeJson(response, 200, { object: "list", data });
    } else if (running === undefined) {
      writeJson(response, 404, errorBody("chat", "not_found", "There is no such thing."));
    } else if (action === "cancel") {
      running.cancel();
      writeJson(response, 200, { id, object: "response", status: "cancelled" });
    } else {
      const after = address.searchParams.get("starting_after");
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      const steps = running.read(after === null ? 0 : Number(after) + 1, gone);
      this.#send(steps, seen, response, null).catch((error: unknown) => {
        if (!gone.aborted) throw error;
      });
    }
  }

  async #send(
    steps: AsyncGenerator<Step>,
    seen: SeenRequest,
    response: ServerResponse,
    fault: Fault | null,
  ): Promise<void> {
    const packetBytes = fault?.kind === "packets" ? fault.bytes : Number.POSITIVE_INFINITY;
    for await (const step of steps) {
      if (response.destroyed) return;
      if (step.do === "send") {
        await write(response, step.event, packetBytes);
        seen.tokensSent += step.tokens;
        this.requests.changed();
      } else if (step.do === "cut") {
        this.requests.end(seen, "faulted");
        // What was written goes out first; the chunked body is left without its end.
        response.socket?.end();
        return;
      } else if (step.do === "hang") {
        return;
      }
    }
    if (fault !== null && ["no_end_marker", "garbage", "error_event"].includes(fault.kind)) {
      this.requests.end(seen, "faulted");
    }
    response.end();
  }

  #faultOf(seen: SeenRequest): Fault | null {
    if (this.#queue.length > 0) return this.#queue.shift()!;
    const ordered = faultInPrompt(seen.prompt);
    if (ordered === null) return this.#always;
    const before = this.#timesByPrompt.get(seen.prompt) ?? 0;
    this.#timesByPrompt.set(seen.prompt, before + 1);
    return before < ordered.times ? ordered.fault : null;
  }
}

/** Waits when the connection takes no more. Small packets are sent one by one, so that they arrive as such. */
async function write(response: ServerResponse, event: string, packetBytes: number): Promise<void> {
  const bytes = Buffer.from(event, "utf8");
  for (let start = 0; start < bytes.length; start += packetBytes) {
    const packet = packetBytes === Number.POSITIVE_INFINITY ? bytes : bytes.subarray(start, start + packetBytes);
    const more = response.write(packet);
    if (!more) {
      await new Promise<void>((resolve) => {
        const goOn = () => {
          response.off("drain", goOn);
          response.off("close", goOn);
          resolve();
        };
        response.on("drain", goOn);
        response.on("close", goOn);
      });
    } else if (packetBytes !== Number.POSITIVE_INFINITY) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (packet === bytes) return;
  }
}

function refuse(
  seen: SeenRequest,
  wire: WireName,
  response: ServerResponse,
  fault: Extract<Fault, { kind: "status" }>,
): void {
  if (fault.retryAfter !== undefined) response.setHeader("retry-after", String(fault.retryAfter));
  if (fault.retryAfterMs !== undefined) response.setHeader("retry-after-ms", String(fault.retryAfterMs));
  if (fault.location !== undefined) response.setHeader("location", fault.location);
  const key = seen.headers.authorization?.replace(/^Bearer /, "") ?? seen.headers["x-api-key"] ?? "";
  const message = `${fault.message ?? "The scripted server refuses."}${fault.echoKey === true ? ` Key: ${key}` : ""}`;
  writeJson(response, fault.status, errorBody(wire, fault.errorType ?? "scripted_error", message));
}

function writeJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
