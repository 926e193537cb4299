const againMs = 300;

/** A client that knows `chunk` events alone and joins their texts, starting over at id 0; it comes back with the last id it had. */
export class JoiningReader {
  readonly #url: string;
  readonly #texts = new Map<string, string>();
  readonly #abort = new AbortController();
  #lastId: string | null = null;
  #connections = 0;

  constructor(address: string, userId: string, sessionId: string) {
    this.#url = `${address}/api/sse?events=chunks&user_id=${userId}&session_id=${sessionId}`;
    void this.#read();
  }

  get connections(): number {
    return this.#connections;
  }

  textOf(messageId: string): string {
    return this.#texts.get(messageId) ?? "";
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#readOnce().catch(() => undefined);
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }

  async #readOnce(): Promise<void> {
    const headers = this.#lastId === null ? {} : { "Last-Event-ID": this.#lastId };
    const response = await fetch(this.#url, { headers, signal: this.#abort.signal });
    if (response.status !== 200 || response.body === null) return;
    this.#connections++;
    let rest = "";
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + piece).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) this.#take(event.split("\n"));
    }
  }

  #take(lines: readonly string[]): void {
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    this.#lastId = field("id") ?? this.#lastId;
    const data = field("data");
    if (field("event") !== "chunk" || data === undefined) return;
    const { message_id, chunk_id, chunk } = JSON.parse(data) as { message_id: string; chunk_id: number; chunk: string };
    this.#texts.set(message_id, (chunk_id === 0 ? "" : this.textOf(message_id)) + chunk);
  }
}
