import { offlineAnswer } from "@uci/adapters/providers";
import { scriptedAnswer } from "@uci/adapters/providers/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Fixture, type Instance, type SseReader, textOf } from "./fixture.ts";

const sessionsAtOnce = 200;
const limitMs = 60_000;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.close());

type Turn = { readonly prompt: string; readonly sessionId: string; readonly readers: readonly SseReader[] };
type Sent = Turn & { readonly messageId: string };

/** Opens the readers of many sessions: one for each of the pods named. */
async function openTurns(instance: Instance, name: string, count: number, pods: readonly number[]): Promise<Turn[]> {
  const turns = Array.from({ length: count }, async (_none, index) => {
    const sessionId = `${name}_${index}`;
    const userId = `user of ${sessionId}`;
    const readers = await Promise.all(
      pods.map((pod) => instance.user(userId, pod).stream(`/api/sse?session_id=${sessionId}`)),
    );
    await Promise.all(readers.map((reader) => reader.untilReady()));
    return { prompt: `${name}, question ${index}: tell me 60 words`, sessionId, readers };
  });
  return Promise.all(turns);
}

async function send(instance: Instance, turns: readonly Turn[], fields: Record<string, unknown> = {}): Promise<Sent[]> {
  return Promise.all(
    turns.map(async (turn, index) => {
      const user = instance.user(`user of ${turn.sessionId}`, index % instance.podCount);
      const { message_id } = await user.chat(turn.prompt, { session_id: turn.sessionId, ...fields });
      return { ...turn, messageId: message_id };
    }),
  );
}

/** Every reader and the row have the whole text, byte for byte, over chunk ids without hole or repeat. */
async function expectWhole(instance: Instance, sent: readonly Sent[], answerTo: (prompt: string) => string) {
  await Promise.all(
    sent.flatMap(({ readers, messageId }) => readers.map((reader) => reader.untilPersisted(messageId, limitMs))),
  );
  const rows = await instance.query("select message_id, content, status, last_chunk_id from messages");
  const byId = new Map(rows.map((row) => [row.message_id, row]));
  for (const { prompt, messageId, readers } of sent) {
    const answer = answerTo(prompt);
    for (const reader of readers) {
      const chunks = reader.chunksOf(messageId);
      expect(Buffer.from(textOf(chunks)).equals(Buffer.from(answer)), `${prompt}: ${textOf(chunks)}`).toBe(true);
      expect(chunks.filter(({ is_final }) => is_final)).toHaveLength(1);
      expect(reader.all("snapshot")).toEqual([]);
      expect(reader.all("message_complete").filter(({ data }) => data.message_id === messageId)).toHaveLength(1);
      expect(reader.chunksOf(messageId)).toHaveLength(reader.all("chunk").length);
    }
    const last_chunk_id = readers[0]!.chunksOf(messageId).length - 1;
    expect(byId.get(messageId)).toEqual({ message_id: messageId, content: answer, status: "complete", last_chunk_id });
  }
}

it(
  `${sessionsAtOnce} sessions stream at once and every text is the provider's, at its reader and in the database`,
  async () => {
    const instance = await fixture.instance();
    const turns = await openTurns(instance, "scripted", sessionsAtOnce, [0]);
    // Slow until all of them are being answered, so that they truly stream at once; then as fast as a quick model.
    fixture.provider.tokensPerSecond = 1;
    const startedMs = performance.now();
    const sent = await send(instance, turns);
    await fixture.provider.requests.until(
      (all) => all.filter(({ state, tokensSent }) => state === "open" && tokensSent > 0).length === sessionsAtOnce,
      limitMs,
    );
    const togetherMs = performance.now();
    fixture.provider.tokensPerSecond = 100;
    await expectWhole(instance, sent, scriptedAnswer);
    const endedMs = performance.now();
    const all = fixture.provider.requests.all.filter(({ prompt }) => prompt.startsWith("scripted,"));
    expect(all.map(({ state }) => state)).toEqual(Array.from({ length: sessionsAtOnce }, () => "complete"));
    const chunks = sent.reduce((sum, { readers }) => sum + readers[0]!.all("chunk").length, 0);
    const facts = `all open after ${Math.round(togetherMs - startedMs)} ms, all over ${Math.round(endedMs - togetherMs)} ms later`;
    await instance.close();
    process.stdout.write(`  ${sessionsAtOnce} streams, ${chunks} chunks: ${facts}\n`);
  },
  2 * limitMs,
);

it(
  "the built-in model as fast as it can, in as many sessions",
  async () => {
    const instance = await fixture.instance();
    const turns = await openTurns(instance, "built-in", sessionsAtOnce, [0]);
    const sent = await send(instance, turns, { ai_provider: "offline" });
    await expectWhole(instance, sent, (prompt) => offlineAnswer([{ role: "user", content: prompt }]));
    await instance.close();
  },
  2 * limitMs,
);

it(
  "two pods and two workers: readers on both pods see the same",
  async () => {
    const instance = await fixture.instance({ pods: 2, workers: 2 });
    fixture.provider.tokensPerSecond = 200;
    const turns = await openTurns(instance, "two-pods", 50, [0, 1]);
    const sent = await send(instance, turns);
    await expectWhole(instance, sent, scriptedAnswer);
  },
  2 * limitMs,
);
