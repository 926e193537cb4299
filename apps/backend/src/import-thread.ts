import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type ImportedConversation, type ImportedMessage, importedFile } from "@uci/chat";

/** How long a file may be read, and the heap of the thread that does it. */
const readingLimitMs = 30_000;
const heapMebibytes = 1_024;
/** Messages, and characters of them, that come out of the thread at once. */
const messagesAtOnce = 500;
const charactersAtOnce = 512 * 1024;

/** The file cannot be read within the limits of time and memory. */
export class ImportTooLargeError extends Error {
  override readonly name = "ImportTooLargeError";
}

/** What a file as a whole holds, or why it holds nothing. */
export type ImportReading =
  | { readonly problem: "not_json" | "unknown_format" }
  | { readonly conversations: number; readonly unusable: number; readonly shortened: number };

/** What comes out of the thread, each after it was asked for: the reading, then conversations in pieces. */
type Piece =
  | { readonly kind: "reading"; readonly reading: ImportReading }
  | { readonly kind: "conversation"; readonly conversation: ImportedConversation }
  | { readonly kind: "messages"; readonly messages: readonly ImportedMessage[] }
  | { readonly kind: "end" };

/** A file that is being read away from the event loop, conversation by conversation. */
export class ImportThread {
  readonly #thread: Worker;
  #waiting: { readonly resolve: (piece: Piece) => void; readonly reject: (error: unknown) => void } | null = null;
  #error: unknown = null;
  #ahead: Piece | null = null;

  constructor(bytes: Uint8Array) {
    const { buffer } = bytes;
    // A body as it came is not needed here any more; copying it would take its time.
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
    this.#thread = new Worker(new URL(import.meta.url), {
      workerData: bytes,
      transferList: isWhole ? [buffer] : [],
      resourceLimits: { maxOldGenerationSizeMb: heapMebibytes },
    });
    this.#thread.on("message", (piece: Piece) => {
      this.#waiting?.resolve(piece);
      this.#waiting = null;
    });
    this.#thread.on("error", (error: NodeJS.ErrnoException) =>
      this.#fail(
        error.code === "ERR_WORKER_OUT_OF_MEMORY" ? new ImportTooLargeError("it takes too much memory") : error,
      ),
    );
    this.#thread.on("exit", () => this.#fail(new Error("the thread that read the file ended")));
  }

  /** What the file holds as a whole. Throws `ImportTooLargeError`, and what makes the thread end. */
  async reading(): Promise<ImportReading> {
    const piece = await this.#next();
    if (piece.kind !== "reading") throw new Error(`the thread that reads the file said ${piece.kind} first`);
    return piece.reading;
  }

  /** Its conversations, after `reading`. */
  async *conversations(): AsyncGenerator<ImportedConversation> {
    for (;;) {
      const piece = this.#ahead ?? (await this.#next());
      this.#ahead = null;
      if (piece.kind !== "conversation") return;
      const messages: ImportedMessage[] = [];
      for (;;) {
        const more = await this.#next();
        if (more.kind !== "messages") {
          this.#ahead = more;
          break;
        }
        messages.push(...more.messages);
      }
      yield { ...piece.conversation, messages };
    }
  }

  async close(): Promise<void> {
    this.#waiting = null;
    await this.#thread.terminate();
  }

  async #next(): Promise<Piece> {
    if (this.#error !== null) throw this.#error;
    const { promise, resolve, reject } = Promise.withResolvers<Piece>();
    this.#waiting = { resolve, reject };
    this.#thread.postMessage("next");
    const timer = setTimeout(() => this.#fail(new ImportTooLargeError("it takes too long")), readingLimitMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = null;
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Piece> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return yield { kind: "reading", reading: { problem: "not_json" } };
  }
  const file = importedFile(value, Date.now());
  if (file === null) return yield { kind: "reading", reading: { problem: "unknown_format" } };
  const { conversations, unusable, shortened } = file;
  yield { kind: "reading", reading: { conversations: conversations.length, unusable, shortened } };
  for (const conversation of conversations) {
    yield { kind: "conversation", conversation: { ...conversation, messages: [] } };
    for (const messages of batchesOf(conversation.messages)) yield { kind: "messages", messages };
  }
  yield { kind: "end" };
}

function* batchesOf(messages: readonly ImportedMessage[]): Generator<readonly ImportedMessage[]> {
  let batch: ImportedMessage[] = [];
  let characters = 0;
  for (const message of messages) {
    batch.push(message);
    characters += message.content.length;
    if (batch.length < messagesAtOnce && characters < charactersAtOnce) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

if (!isMainThread && workerData instanceof Uint8Array) {
  const pieces = piecesOf(workerData);
  parentPort?.on("message", () => {
    const { value } = pieces.next();
    if (value !== undefined) parentPort?.postMessage(value);
  });
}
