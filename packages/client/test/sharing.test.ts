import type { Chunk } from "@uci/protocol";
import { parseCursor } from "@uci/stream";
import { afterEach, describe, expect, test } from "vitest";
import { type ClientEvent, type ConnectionState, createClient } from "../src/index.ts";
import { chunksOf, LiveServer, until, type Visit } from "./live-server.ts";
import { type Tab, TabBrowser } from "./tab-browser.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const words = Array.from({ length: 40 }, (_, index) => `word${index} `);
const whole = words.join("");

/** A pod with an answer a session, which writes when it is told to. */
class Pod {
  readonly server: LiveServer;
  readonly #written = new Map<string, Chunk[]>();
  forbidden = new Set<string>();

  constructor() {
    this.server = new LiveServer((visit) => this.#open(visit));
    cleanUps.push(() => this.server.stop());
  }

  get open(): Visit[] {
    return this.server.visits.filter(({ closed }) => !closed);
  }

  /** Writes the next chunks of a session's answer, all that are left without a count. */
  write(sessionId: string, count = Number.POSITIVE_INFINITY): void {
    const messageId = `msg_${sessionId}`;
    const chunks = chunksOf(words, { session_id: sessionId, message_id: messageId });
    const before = this.#written.get(sessionId) ?? [];
    const next = chunks.slice(before.length, before.length + count);
    this.#written.set(sessionId, [...before, ...next]);
    for (const visit of this.open) if (visit.sessionIds.includes(sessionId)) visit.chunks(...next);
  }

  tell(name: string, data: unknown): void {
    for (const visit of this.open) visit.event(name, data);
  }

  #open(visit: Visit): void {
    if (visit.sessionIds.some((id) => this.forbidden.has(id))) {
      const error = { code: "not_found", message: "No.", retryable: false, correlation_id: "corr_1" };
      visit.json(404, { error });
      return;
    }
    const cursor = parseCursor(visit.cursor ?? "1~");
    visit.open().event("connected", { connection_id: "c", session_id: null, session_ids: [], pod_id: "p" });
    for (const sessionId of visit.sessionIds) {
      const written = this.#written.get(sessionId) ?? [];
      const at = cursor?.get(`msg_${sessionId}`);
      // What is finished and not asked for is history.
      if (written.at(-1)?.is_final === true && at === undefined) continue;
      visit.chunks(...written.slice((at?.chunkId ?? -1) + 1));
    }
    visit.ready();
  }
}

async function world() {
  const pod = new Pod();
  const baseUrl = await pod.server.start();
  const browser = new TabBrowser();
  const open = (sessionIds: readonly string[], tab: Tab = browser.tab(), pings = false) => {
    const events: ClientEvent[] = [];
    const states: ConnectionState[] = [];
    const texts = new Map<string, string>();
    // Pings are what takes long in the real world; here they come at once where a test wants them.
    const environment = {
      after: (delayMs: number, task: () => void) => {
        const timer = setTimeout(task, pings ? Math.min(delayMs, 40) : delayMs);
        return () => clearTimeout(timer);
      },
    };
    const stream = createClient({ baseUrl, environment }).openSharedStream({
      sessionIds,
      scope: "ada",
      tabs: tab,
      onEvent(event) {
        events.push(event);
        if (event.type === "connection") states.push(event.state);
        if (event.type !== "answer_changed") return;
        // Built from the increments alone: a lost or repeated piece shows.
        const before = event.change === "replaced" ? null : texts.get(event.sessionId);
        texts.set(event.sessionId, before == null ? event.fold.text : before + event.appendedText);
      },
    })!;
    cleanUps.push(() => stream.close());
    const shown = (sessionId: string) => texts.get(sessionId) ?? "";
    const ready = () => events.filter(({ type }) => type === "ready").length;
    const ended = () => events.filter((event) => event.type === "answer_ended");
    return { tab, stream, events, states, shown, ready, ended };
  };
  return { pod, open };
}

function upTo(count: number): string {
  return words.slice(0, count).join("");
}

describe("one connection for all tabs", () => {
  test("eight tabs with eight sessions have one, and each is told of its own", async () => {
    const { pod, open } = await world();
    const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
    const tabs = names.map((name) => open([name]));
    await until(() => tabs.every((tab) => tab.ready() > 0), "eight tabs to be ready");
    await until(() => pod.open.length === 1 && pod.open[0]!.sessionIds.length === 8, "one connection");
    for (const name of names) pod.write(name);
    await until(() => tabs.every((tab) => tab.ended().length === 1));
    for (const [index, tab] of tabs.entries()) {
      expect(tab.shown(names[index]!)).toBe(whole);
      expect(tab.events.filter((event) => event.type === "answer_changed" && event.sessionId !== names[index])).toEqual(
        [],
      );
      expect(tab.states).toEqual(["connecting", "open"]);
    }
  });

  test("what concerns no other tab is told to none", async () => {
    const { pod, open } = await world();
    const first = open(["s"]);
    await until(() => first.ready() > 0);
    const second = open(["t"]);
    await until(() => second.ready() > 0);
    const heard = [first.tab.heard, second.tab.heard];
    pod.write("s");
    pod.write("t");
    await until(() => first.ended().length === 1 && second.ended().length === 1);
    expect([first.shown("s"), second.shown("t")]).toEqual([whole, whole]);
    // The one that leads has its own answer from itself; the other is told of its own alone.
    const told = [first.tab.heard, second.tab.heard].map((now, index) => now.slice(heard[index]!.length));
    expect(told[0]).toEqual([]);
    expect(JSON.stringify(told[1])).not.toContain("msg_s");
    expect(JSON.stringify(told[1])).toContain("msg_t");
  });

  test("a tab that joins in mid-answer gets what is there and then what comes, over the connection that is there", async () => {
    const { pod, open } = await world();
    const first = open(["s"]);
    await until(() => first.ready() === 1);
    pod.write("s", 10);
    await until(() => first.shown("s") === upTo(10));
    const second = open(["s"]);
    await until(() => second.ready() === 1);
    expect(second.shown("s")).toBe(upTo(10));
    expect(pod.server.visits).toHaveLength(1);
    pod.write("s");
    await until(() => first.ended().length === 1 && second.ended().length === 1);
    expect(second.shown("s")).toBe(whole);
    expect(second.ended()).toMatchObject([{ finishReason: "stop", model: "m", tokensUsed: 7 }]);
  });

  test("an answer that ended meanwhile is told to whoever still believes it unfinished", async () => {
    const { pod, open } = await world();
    const first = open(["s"]);
    await until(() => first.ready() === 1);
    pod.write("s");
    await until(() => first.ended().length === 1);
    const second = open([]);
    second.stream.track("msg_s", "s");
    second.stream.setSessions(["s"]);
    const third = open(["s"]);
    await until(() => second.ended().length === 1 && third.ready() === 1);
    expect(second.shown("s")).toBe(whole);
    // To the third it is history.
    expect(third.ended()).toEqual([]);
    expect(pod.server.visits).toHaveLength(1);
  });

  test("news of the caller reach every tab", async () => {
    const { pod, open } = await world();
    const tabs = [open(["a"]), open(["b"]), open([])];
    await until(() => tabs.every((tab) => tab.ready() > 0) && pod.open.length === 1);
    pod.tell("session_updated", { session_id: "x", change: "created" });
    await until(() => tabs.every(({ events }) => events.some(({ type }) => type === "session_updated")));
  });

  test("when the last tab has gone, so has the connection", async () => {
    const { pod, open } = await world();
    const tabs = [open(["a"]), open(["b"])];
    await until(() => tabs.every((tab) => tab.ready() > 0));
    for (const { stream } of tabs) stream.close();
    await until(() => pod.open.length === 0);
  });
});

describe("the tab with the connection", () => {
  async function three() {
    const { pod, open } = await world();
    const first = open(["s"], undefined, true);
    await until(() => first.ready() === 1);
    const others = [open(["s"], undefined, true), open(["s"], undefined, true)];
    await until(() => others.every((tab) => tab.ready() === 1));
    pod.write("s", 13);
    await until(() => others.every((tab) => tab.shown("s") === upTo(13)));
    return { pod, open, first, others };
  }

  async function endsWhole({ pod, others }: Awaited<ReturnType<typeof three>>): Promise<void> {
    pod.write("s", 9);
    await until(() => others.every((tab) => tab.shown("s") === upTo(22)), "what was written meanwhile");
    pod.write("s");
    await until(() => others.every((tab) => tab.ended().length === 1));
    for (const tab of others) expect(tab.shown("s")).toBe(whole);
    await until(() => pod.open.length === 1, "one connection again");
  }

  test("closes: another one goes on where each was", async () => {
    const at = await three();
    at.first.stream.close();
    await endsWhole(at);
  });

  test("is frozen by the browser: another one goes on, and when it wakes it joins", async () => {
    const at = await three();
    at.first.tab.sleep();
    await endsWhole(at);
    at.first.tab.wake();
    await until(() => at.first.ended().length === 1 && at.pod.open.length === 1);
    expect(at.first.shown("s")).toBe(whole);
  });

  test("falls silent: its place is taken", async () => {
    const at = await three();
    at.first.tab.frozen = true;
    await endsWhole(at);
  });

  test("loses its connection: all go on", async () => {
    const at = await three();
    for (const visit of at.pod.open) visit.cut();
    await endsWhole({ ...at, others: [at.first, ...at.others] });
  });
});

describe("what tabs ask for", () => {
  test("the ninth session waits, and comes in when its tab is looked at", async () => {
    const { pod, open } = await world();
    const tabs = Array.from({ length: 9 }, (_, index) => open([`s${index}`]));
    await until(() => tabs.every((tab) => tab.ready() > 0) && pod.open.length === 1);
    const leftOut = tabs.findIndex((_, index) => !pod.open[0]!.sessionIds.includes(`s${index}`));
    const created = { message_id: `msg_s${leftOut}`, status: "queued", session_id: `s${leftOut}` };
    pod.tell("message_created", { session_id: `s${leftOut}`, answer: created });
    pod.write(`s${leftOut}`);
    const tab = tabs[leftOut]!;
    await until(() => tab.events.some(({ type }) => type === "message_created"));
    expect(tab.shown(`s${leftOut}`)).toBe("");
    tab.tab.show();
    await until(() => tab.ended().length === 1);
    expect(tab.shown(`s${leftOut}`)).toBe(whole);
    await until(() => pod.open.length === 1);
    expect(pod.open[0]!.sessionIds).toHaveLength(8);
  });

  test("another's session refuses the tab that asks for it, and no other", async () => {
    const { pod, open } = await world();
    pod.forbidden.add("theirs");
    const mine = open(["mine"]);
    await until(() => mine.ready() === 1);
    const theirs = open(["theirs"]);
    await until(() => theirs.states.at(-1) === "refused");
    pod.write("mine");
    await until(() => mine.ended().length === 1);
    expect(mine.states).toEqual(["connecting", "open"]);
    expect(pod.open).toHaveLength(1);
  });

  test("a tab that changes its session keeps what it had", async () => {
    const { pod, open } = await world();
    const tab = open(["a"]);
    await until(() => tab.ready() === 1);
    pod.write("a", 5);
    await until(() => tab.shown("a") === upTo(5));
    tab.stream.setSessions(["b"]);
    await until(() => tab.ready() === 2);
    pod.write("a");
    tab.stream.setSessions(["a"]);
    await until(() => tab.ended().length === 1);
    expect(tab.shown("a")).toBe(whole);
  });
});

test("however tabs come, go, sleep and change, everyone who follows an answer has all of it", async () => {
  const { pod, open } = await world();
  let seed = 20_261_124;
  const dice = (sides: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * sides);
  };
  const names = ["s0", "s1", "s2"];
  const tabs = names.map((name) => ({ ...open([name], undefined, true), name }));
  for (let step = 0; step < 120; step++) {
    const index = dice(tabs.length);
    const kind = dice(8);
    if (kind < 4) pod.write(names[dice(3)]!, 1 + dice(2));
    else if (kind === 4 && tabs.length < 8) {
      const name = names[dice(3)]!;
      tabs.push({ ...open([name], undefined, true), name });
    } else if (kind === 5 && tabs.length > 2) tabs.splice(index, 1)[0]!.stream.close();
    else if (kind === 6) for (const visit of pod.open) visit.cut();
    else if (kind === 7) {
      const { tab } = tabs[index]!;
      tab.sleep();
      setTimeout(() => tab.wake(), dice(30));
    }
    await new Promise((resolve) => setTimeout(resolve, dice(6)));
  }
  // Whoever has not seen the beginning of an answer is brought to its end all the same.
  for (const name of names) pod.write(name);
  await until(() => tabs.every(({ shown, name }) => shown(name) === whole), "every tab to have everything");
  await until(() => pod.open.length === 1, "one connection");
});
