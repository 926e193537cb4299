import net from "node:net";

const retryMs = 50;
const pieceNames = [Buffer.from("event: chunk\n"), Buffer.from("event: snapshot\n")];
const idMark = Buffer.from("\nid: ");
const opened = Buffer.from("HTTP/1.1 200 ");

/**
 * A reader that costs next to nothing, on a socket without a client of HTTP: holds a stream open, at once anew when it
 * is lost, from the last cursor on. Notes when it was lost and when the next piece came, and looks at no text.
 */
export class BareReader {
  #url: URL;
  readonly #gatewayUrl: string;
  readonly #userId: string;
  #socket: net.Socket | null = null;
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
    this.#socket?.destroy();
  }

  #connect(): void {
    if (this.#isClosed) return;
    const { hostname, host, port, pathname, search } = this.#url;
    const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket = socket;
    const cursor = this.#cursor === null ? "" : `Last-Event-ID: ${this.#cursor}\r\n`;
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nX-User-Id: ${this.#userId}\r\n${cursor}\r\n`);
    let isOpen = false;
    socket.on("data", (bytes) => {
      isOpen ||= bytes.subarray(0, opened.length).equals(opened);
      if (isOpen) this.#take(bytes);
      // Refused: the connection would be kept for another question.
      else socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => this.#over(isOpen ? 0 : retryMs));
  }

  #over(waitMs: number): void {
    if (this.#isClosed) return;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.losses.push({ atMs: performance.now(), nextPieceAtMs: null });
    }
    this.#url = new URL(`${this.#url.pathname}${this.#url.search}`, this.#gatewayUrl);
    setTimeout(() => this.#connect(), waitMs);
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
