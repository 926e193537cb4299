import net from "node:net";

export type RawAnswer = {
  readonly status: number;
  readonly body: string;
  readonly closes: boolean;
};

/** One socket that speaks HTTP/1.1 by hand: requests go out together, answers come back in order. */
export class RawWire {
  readonly #socket: net.Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
      this.#wake();
    });
    const over = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", over).on("close", over).on("error", over);
  }

  static async open(port: number): Promise<RawWire> {
    const socket = net.connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.setNoDelay(true);
    return new RawWire(socket);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next answer; null when the other side has closed without one, or said nothing for the limit. */
  async answer(method: string, limitMs: number = 10_000): Promise<RawAnswer | null> {
    const untilMs = Date.now() + limitMs;
    for (;;) {
      const answer = this.#parsed(method);
      if (answer !== null) return answer;
      if (this.#ended || Date.now() >= untilMs) return null;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, untilMs - Date.now()));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #parsed(method: string): RawAnswer | null {
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd < 0) return null;
    const head = this.#received.subarray(0, headEnd).toString("latin1");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? "0");
    const end = headEnd + 4 + (method === "HEAD" ? 0 : length);
    if (this.#received.length < end) return null;
    const body = this.#received.subarray(headEnd + 4, end).toString("utf8");
    this.#received = this.#received.subarray(end);
    return { status, body, closes: /\r\nconnection: close/i.test(head) };
  }
}
