import { nothingReceived, RawReader } from "../load/raw-reader.ts";
import { until } from "../load/until.ts";
import { BenchWorld } from "../load/world.ts";
import type { BenchCase, Figures } from "./case.ts";

const readers = 500;
const tokensPerSecond = 5;
/** Longer than it takes until all are back. */
const tokens = 1_000;
/** Read before the cut, a chunk a token. */
const readChunks = 10;

export const resume: BenchCase = {
  name: "resume",
  what: `${readers} readers in the middle of an answer each, all cut off and back at once`,
  async open() {
    const world = await BenchWorld.start();
    return {
      sides: [
        { name: "with their cursors", measure: () => cutAndBack(world, true) },
        { name: "without (all is sent again)", measure: () => cutAndBack(world, false) },
      ],
      close: () => world.close(),
    };
  },
};

async function cutAndBack(world: BenchWorld, withCursor: boolean): Promise<Figures> {
  const first = nothingReceived();
  const { names, readers: opened } = await world.open(readers, 1, first, { through: "pod", stamps: false });
  const asked = await world.askAll(names, { tokens, tokensPerSecond });
  await until("something is read", () => first.chunks >= readers * readChunks);
  const cursors = opened.map(({ cursor }) => cursor);
  for (const reader of opened) reader.close();
  const second = nothingReceived();
  const startedMs = performance.now();
  const again = names.map((name, index) => {
    const cursor = withCursor ? `&cursor=${encodeURIComponent(cursors[index] ?? "1~")}` : "";
    return new RawReader(world.podAddress, `/api/sse?session_id=${name}${cursor}`, { "X-User-Id": name }, second);
  });
  await until("all are ready again", () => second.ready === readers);
  const readyMs = performance.now() - startedMs;
  const bytes = second.bytes;
  await world.stopAll(asked);
  for (const reader of again) reader.close();
  return { "ms until all are ready": readyMs, "bytes a reader until ready": bytes / readers };
}
