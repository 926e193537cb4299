import http from "node:http";

const retryMs = 50;
const pieceNames = [Buffer.from("event: chunk\n"), Buffer.from("event: snapshot\n")];
const idMark = Buffer.from("\nid: ");

/**
 * A reader that costs next to nothing: holds a stream open, at once anew when it is lost, from the last cursor on. Notes
 * when it was lost and when the next piece came, and looks at no text.
 */
export class BareReader {
  #url: URL;
  readonly #gatewayUrl: string;
  readonly #userId: string;
  readonly #agent = new http.Agent({ keepAlive: false });
  #request: http.ClientRequest | null = null;
  #cursor: string | null = null;
  #isClosed = false;
  #isWaiting = true;
  /** Of each loss of the connection; milliseconds of `performance.now`. */
  readonly losses: { readonly atMs: number; nextPieceAtMs: number | null }[] = [];
  #resolveShown: () => void = () => undefined;
  /** Resolves when a first piece has come. */
  readonly shown = new Promise<void>((resolve) => {
    this.#resolveShown = resolve;
  });

  /** `firstUrl`: where it connects the first time; afterwards it is the gateway that finds it a pod. */
  constructor(gatewayUrl: string, sessionId: string, userId: string, firstUrl: string = gatewayUrl) {
    this.#url = new URL(`/api/sse?session_id=${encodeURIComponent(sessionId)}`, firstUrl);
    this.#gatewayUrl = gatewayUrl;
    this.#userId = userId;
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    this.#request?.destroy();
    this.#agent.destroy();
  }

  #connect(): void {
    if (this.#isClosed) return;
    const headers = {
      "X-User-Id": this.#userId,
      ...(this.#cursor === null ? {} : { "Last-Event-ID": this.#cursor }),
    };
    let isOver = false;
    const over = (waitMs: number) => {
      if (isOver || this.#isClosed) return;
      isOver = true;
      if (!this.#isWaiting) {
        this.#isWaiting = true;
        this.losses.push({ atMs: performance.now(), nextPieceAtMs: null });
      }
      this.#url = new URL(`${this.#url.pathname}${this.#url.search}`, this.#gatewayUrl);
      setTimeout(() => this.#connect(), waitMs);
    };
    this.#request = http.get(this.#url, { headers, agent: this.#agent }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        over(retryMs);
        return;
      }
      response.on("data", (bytes: Buffer) => this.#take(bytes));
      response.on("close", () => over(0));
      response.on("error", () => over(0));
    });
    this.#request.on("error", () => over(retryMs));
  }

  #take(bytes: Buffer): void {
    const id = bytes.lastIndexOf(idMark);
    const end = id === -1 ? -1 : bytes.indexOf(10, id + idMark.length);
    // What is cut between two reads is named again by the next event.
    if (end !== -1) this.#cursor = bytes.toString("latin1", id + idMark.length, end);
    if (!this.#isWaiting || !pieceNames.some((name) => bytes.includes(name))) return;
    this.#isWaiting = false;
    const loss = this.losses.at(-1);
    if (loss !== undefined) loss.nextPieceAtMs ??= performance.now();
    this.#resolveShown();
  }
}
