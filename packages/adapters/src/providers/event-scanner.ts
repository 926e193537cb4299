const lineFeed = 10;
/** Longer than any line that begins an end marker. */
const headBytes = 48;

/**
 * Watches the bytes of a server-sent-event stream for the provider's end marker, and for events without end.
 *
 * The AI SDK drops `[DONE]` and reports a finish whenever the body ends, so that a chat completion cut off right after
 * a finish reason, or before its usage, looks complete. Only the bytes tell. A marker is the beginning of a line; text
 * of an answer cannot look like one, because JSON escapes its line breaks. Lines end in LF or CR LF.
 */
export class EventScanner {
  readonly #markers: readonly string[];
  /** The beginning of the line under way, one character a byte. */
  #head = "";
  #eventBytes = 0;
  #largestEventBytes = 0;
  #inMarkedEvent = false;
  #ended = false;

  /** @param markers beginnings of lines; any of them marks its event as the last. */
  constructor(markers: readonly string[]) {
    this.#markers = markers;
  }

  /** The marked event is there as a whole: what follows is not part of the answer. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of the largest event so far, the one under way included. */
  get largestEventBytes(): number {
    return this.#largestEventBytes;
  }

  push(bytes: Uint8Array): void {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    while (start < view.length) {
      const found = view.indexOf(lineFeed, start);
      const stop = found === -1 ? view.length : found;
      const missing = headBytes - this.#head.length;
      if (missing > 0 && stop > start) this.#head += view.toString("latin1", start, Math.min(stop, start + missing));
      this.#eventBytes += stop - start;
      if (this.#eventBytes > this.#largestEventBytes) this.#largestEventBytes = this.#eventBytes;
      if (found === -1) return;
      this.#endLine();
      start = stop + 1;
    }
  }

  /** The stream is over. A marker in its last line counts although no line break follows. */
  end(): void {
    this.#endLine();
    if (this.#inMarkedEvent) this.#ended = true;
  }

  #endLine(): void {
    const line = this.#head;
    this.#head = "";
    if (line === "" || line === "\r") {
      this.#eventBytes = 0;
      if (this.#inMarkedEvent) this.#ended = true;
    } else if (this.#markers.some((marker) => line.startsWith(marker))) {
      this.#inMarkedEvent = true;
    }
  }
}
