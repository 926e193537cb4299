/** Sessions listed by one query at most, unless somebody asks for more by himself. */
const sessionsTogether = 200;

type OfSession = { readonly session_id: string };

type Wish<Row> = {
  readonly sessionIds: readonly string[];
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Lists what there is of sessions for all who ask at about the same time by few queries: who asks while one is under
 * way goes into the next. When a pod is lost, hundreds of readers ask another one at once.
 */
export class SharedListing<Row extends OfSession> {
  readonly #list: (sessionIds: readonly string[]) => Promise<readonly Row[]>;
  #wishes: Wish<Row>[] = [];
  #running = false;

  constructor(list: (sessionIds: readonly string[]) => Promise<readonly Row[]>) {
    this.#list = list;
  }

  /** Rows of these sessions as they are after the call, in the order of the list. */
  of(sessionIds: readonly string[]): Promise<readonly Row[]> {
    const listed = new Promise<readonly Row[]>((resolve, reject) => {
      this.#wishes.push({ sessionIds, resolve, reject });
    });
    if (!this.#running) void this.#run();
    return listed;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#wishes.length > 0) {
      const wishes = this.#next();
      try {
        const rows = await this.#list([...new Set(wishes.flatMap(({ sessionIds }) => sessionIds))]);
        for (const { sessionIds, resolve } of wishes) {
          resolve(wishes.length === 1 ? rows : rows.filter((row) => sessionIds.includes(row.session_id)));
        }
      } catch (error) {
        for (const { reject } of wishes) reject(error);
      }
    }
    this.#running = false;
  }

  #next(): readonly Wish<Row>[] {
    let sessions = 0;
    let count = 0;
    for (const { sessionIds } of this.#wishes) {
      if (count > 0 && sessions + sessionIds.length > sessionsTogether) break;
      sessions += sessionIds.length;
      count++;
    }
    return this.#wishes.splice(0, count);
  }
}
