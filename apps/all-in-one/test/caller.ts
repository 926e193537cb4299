import http from "node:http";
import { type ChatAccepted, chatAcceptedSchema, errorBodySchema, errorRegistry, type Message } from "@uci/protocol";
import { expect } from "vitest";
import type { z } from "zod";
import { SseReader } from "./sse-reader.ts";

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null where there was none. */
  readonly body: unknown;
};

export type CallOptions = {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

type CallerOptions = {
  /** Trusted mode: who calls, told in X-User-Id. */
  readonly userId?: string;
};

/** One caller of one pod: keeps cookies as a browser would, or names its user as a gateway would. */
export class Caller {
  readonly baseUrl: string;
  readonly #userId: string | undefined;
  readonly #cookies = new Map<string, string>();
  readonly #readers: SseReader[] = [];
  readonly #copies: Caller[] = [];

  constructor(baseUrl: string, options: CallerOptions = {}) {
    this.baseUrl = baseUrl;
    this.#userId = options.userId;
  }

  async call(method: string, path: string, { body, headers }: CallOptions = {}): Promise<Answer> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        ...this.#headers(),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    this.#keepCookies(response.headers.getSetCookie());
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null };
  }

  /** A caller with the same cookies as this one has now, at another pod. */
  at(baseUrl: string): Caller {
    const caller = new Caller(baseUrl, this.#userId === undefined ? {} : { userId: this.#userId });
    for (const [name, value] of this.#cookies) caller.#cookies.set(name, value);
    this.#copies.push(caller);
    return caller;
  }

  /** Calls, expects the status and returns the body as its schema reads it. */
  async get<Schema extends z.ZodType>(schema: Schema, path: string): Promise<z.output<Schema>> {
    return this.expect(200, schema, "GET", path);
  }

  async expect<Schema extends z.ZodType>(
    status: number,
    schema: Schema,
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<z.output<Schema>> {
    const answer = await this.call(method, path, options);
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status);
    return schema.parse(answer.body);
  }

  /** Calls and expects an error of the registry with its body. */
  async refused(
    code: keyof typeof errorRegistry,
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<Answer> {
    const answer = await this.call(method, path, options);
    expectError(answer, code, `${method} ${path}`);
    return answer;
  }

  async chat(message: string, fields: Readonly<Record<string, unknown>> = {}): Promise<ChatAccepted> {
    return this.expect(202, chatAcceptedSchema, "POST", "/api/chat", { body: { message, ...fields } });
  }

  /** Opens a stream; throws with the answer where it is refused. */
  async stream(path: string, headers: Readonly<Record<string, string>> = {}): Promise<SseReader> {
    const response = await this.#open(path, headers);
    if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}`);
    const reader = new SseReader(response);
    this.#readers.push(reader);
    return reader;
  }

  /** The messages of a session, oldest first. */
  async history(sessionId: string): Promise<Message[]> {
    const answer = await this.call("GET", `/api/sessions/${sessionId}/messages?limit=100`);
    expect(answer.status).toBe(200);
    return (answer.body as { messages: Message[] }).messages.toReversed();
  }

  /** Ends all streams this caller has open. */
  close(): void {
    for (const reader of this.#readers) reader.close();
    for (const copy of this.#copies) copy.close();
  }

  #headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return {
      ...(this.#userId === undefined ? {} : { "x-user-id": this.#userId }),
      ...(cookie === "" ? {} : { cookie }),
    };
  }

  #keepCookies(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === "" || /max-age=0/i.test(line)) this.#cookies.delete(name!);
      else this.#cookies.set(name!, value!);
    }
  }

  #open(path: string, headers: Readonly<Record<string, string>>): Promise<http.IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const all = { accept: "text/event-stream", ...this.#headers(), ...headers };
    http.get(`${this.baseUrl}${path}`, { agent: false, headers: all }, resolve).on("error", reject);
    return promise;
  }
}

/** The answer is this error of the registry, with its status and its body, and nothing that a stranger should not see. */
export function expectError(answer: Answer, code: keyof typeof errorRegistry, what: string = ""): void {
  expect(answer.body, `${what} answered ${answer.status} ${answer.text}`).toMatchObject({ error: { code } });
  const { error } = errorBodySchema.strict().parse(answer.body);
  expect(answer.status, what).toBe(errorRegistry[code].status);
  expect(error.retryable, what).toBe(errorRegistry[code].retryable);
  expect(error.correlation_id, what).toBe(answer.headers.get("x-correlation-id"));
  expect(answer.text).not.toMatch(/node_modules|\.ts:|select |insert /i);
}
