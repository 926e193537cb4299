type Waiting<Item, Result> = {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Sends what is asked for in one turn of the event loop together: when a pod is lost, hundreds of connections come to
 * another one at once, and a message to the server for each would cost more than what it says.
 */
export class Gathering<Item, Result> {
  readonly #send: (items: readonly Item[]) => Promise<readonly Result[]>;
  #waiting: Waiting<Item, Result>[] = [];

  /** `send` returns a result for each item, in their order. */
  constructor(send: (items: readonly Item[]) => Promise<readonly Result[]>) {
    this.#send = send;
  }

  /** The result of this item. Throws what `send` threw for all that went with it. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      // What has arrived on other sockets by now is dealt with before it.
      if (this.#waiting.length === 1) setImmediate(() => void this.#sendAll());
    });
  }

  async #sendAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const results = await this.#send(waiting.map(({ item }) => item));
      for (const [index, { resolve }] of waiting.entries()) resolve(results[index]!);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
