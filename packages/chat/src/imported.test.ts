import { describe, expect, it } from "vitest";
import { importedFile } from "./index.ts";

const nowMs = Date.UTC(2026, 10, 24);
const message = (role: string, text: unknown, more: Record<string, unknown> = {}) => ({
  author: { role },
  content: { content_type: "text", parts: [text] },
  create_time: 1_700_000_000,
  ...more,
});
const tree = {
  title: "A trip",
  create_time: 1_700_000_000.5,
  update_time: 1_700_000_500,
  conversation_id: "abc",
  current_node: "e",
  mapping: {
    root: { id: "root", parent: null, children: ["sys"], message: null },
    sys: { id: "sys", parent: "root", children: ["a"], message: message("system", "You are a model") },
    a: { id: "a", parent: "sys", children: ["b", "b2"], message: message("user", "Where to?") },
    b: {
      id: "b",
      parent: "a",
      children: ["tool"],
      message: message("assistant", "Let me look.", { metadata: { model_slug: "gpt-5" } }),
    },
    tool: { id: "tool", parent: "b", children: ["c"], message: message("tool", "42 results") },
    c: { id: "c", parent: "tool", children: ["d"], message: message("assistant", "To Kyoto.") },
    d: {
      id: "d",
      parent: "c",
      children: ["e"],
      message: message("user", "", {
        content: { content_type: "multimodal_text", parts: [{ asset_pointer: "x" }, "And this?"] },
      }),
    },
    e: {
      id: "e",
      parent: "d",
      children: [],
      message: message("assistant", "print(1)", { content: { content_type: "code", text: "print(1)" } }),
    },
    b2: { id: "b2", parent: "a", children: [], message: message("assistant", "To Rome.") },
  },
};

describe("ChatGPT's conversations", () => {
  it("come in as a tree of questions and answers, without what is between them", () => {
    const read = importedFile([tree, { title: "broken" }], nowMs);
    expect(read?.unusable).toBe(1);
    const [conversation] = read!.conversations;
    expect(conversation).toMatchObject({
      source: "chatgpt:abc",
      title: "A trip",
      created_at: "2023-11-14T22:13:20.500Z",
    });
    const shown = conversation!.messages.map(({ key, parent_key, content }) => [key, parent_key, content]);
    expect(shown).toEqual([
      ["a", null, "Where to?"],
      ["b", "a", "Let me look.\n\nTo Kyoto."],
      ["d", "b", "And this?"],
      ["e", "d", "```\nprint(1)\n```"],
      ["b2", "a", "To Rome."],
    ]);
    expect(conversation!.messages[1]!.model).toBe("gpt-5");
    const times = conversation!.messages.slice(0, 4).map(({ created_at }) => created_at);
    expect(new Set(times).size).toBe(4);
    expect(times).toEqual([...times].sort());
  });

  it("survive circles, missing parents and times of nonsense", () => {
    const mapping = {
      a: { parent: "b", message: message("user", "round") },
      b: { parent: "a", message: message("assistant", "and round") },
      c: { parent: "gone", message: message("user", "alone", { create_time: 1e99 }) },
    };
    const read = importedFile([{ mapping, create_time: "yesterday" }], nowMs);
    expect(read!.conversations[0]!.messages).toMatchObject([{ content: "alone", parent_key: null }]);
    expect(Date.parse(read!.conversations[0]!.created_at)).toBeLessThanOrEqual(nowMs);
  });
});

it("other files are none", () => {
  for (const value of [null, 7, "x", {}, [], [1, 2], { format: "universal-chat", version: 9, sessions: [] }]) {
    expect(importedFile(value, nowMs)).toBeNull();
  }
});

it("our own file comes in, whatever the order of its messages", () => {
  const own = {
    ...{ format: "universal-chat", version: 1, exported_at: "2026-01-01T00:00:00Z" },
    sessions: [
      {
        ...{ session_id: "s", title: "T".repeat(300), folder: "F", archived: true },
        ...{ created_at: "2026-01-01T00:00:00Z", updated_at: "2036-01-01T00:00:00Z", settings: { temperature: 1 } },
        messages: [
          {
            message_id: "2",
            parent_message_id: "1",
            role: "assistant",
            content: "A",
            created_at: "2026-01-01T00:00:00Z",
          },
          { message_id: "1", parent_message_id: "0", role: "user", content: "Q", created_at: "2026-01-01T00:00:01Z" },
        ],
      },
      { session_id: "broken" },
    ],
  };
  const read = importedFile(own, nowMs);
  expect(read?.unusable).toBe(1);
  const [conversation] = read!.conversations;
  expect(conversation).toMatchObject({ source: "universal-chat:s", session_id: "s", archived: true, folder: "F" });
  expect(conversation!.title).toHaveLength(200);
  expect(conversation!.messages.map(({ key, parent_key }) => [key, parent_key])).toEqual([
    ["1", null],
    ["2", "1"],
  ]);
  expect(conversation!.updated_at).toBe(new Date(nowMs).toISOString());
});

describe("files that are made to hurt", () => {
  const time = "2026-01-01T00:00:00Z";
  const ownFile = (messages: readonly object[]) => ({
    ...{ format: "universal-chat", version: 1, exported_at: time },
    sessions: [{ session_id: "s", title: "T", created_at: time, updated_at: time, messages }],
  });
  const said = (id: string, parent: string | null, content = "x", role = "user") => ({
    ...{ message_id: id, parent_message_id: parent, role, content, created_at: time },
  });

  it("come in without a message being looked at for every other one: all with one parent", () => {
    const messages = Array.from({ length: 150_000 }, (_, index) => said(`m${index}`, index === 0 ? null : "m0"));
    const read = importedFile(ownFile(messages), nowMs)!;
    expect(read.conversations[0]!.messages).toHaveLength(20_000);
    expect(read.shortened).toBe(130_000);
    const mapping = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [
        `m${index}`,
        { parent: index === 0 ? null : "m0", message: message(index === 0 ? "user" : "assistant", `${index}`) },
      ]),
    );
    expect(importedFile([{ mapping }], nowMs)!.conversations[0]!.messages).toHaveLength(20_000);
    const roots = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`m${index}`, { parent: null, message: message("user", "x") }]),
    );
    expect(importedFile([{ mapping: roots }], nowMs)!.conversations[0]!.messages[0]!.key).toBe("m0");
  }, 20_000);

  it("lose what is longer than may be asked or answered here, and say how often", () => {
    const read = importedFile(
      ownFile([
        said("1", null, "q".repeat(20 * 1024 * 1024)),
        said("2", "1", "a".repeat(300 * 1024), "assistant"),
        said("3", "2", "語".repeat(200 * 1024)),
        said("4", "3", `x${"👩".repeat(65_536)}`),
        said("5", "4", "👩".repeat(65_536)),
      ]),
      nowMs,
    )!;
    expect(read.shortened).toBe(3);
    const contents = read.conversations[0]!.messages.map(({ content }) => content);
    expect(contents.map((content) => Buffer.byteLength(content))).toEqual([
      262_144,
      300 * 1024,
      262_143,
      262_141,
      262_144,
    ]);
    for (const content of contents) expect(content.isWellFormed()).toBe(true);
  });

  it("have so many conversations and no more", () => {
    const one = { created_at: time, updated_at: time, title: null, messages: [said("1", null)] };
    const sessions = Array.from({ length: 10_500 }, (_, index) => ({ ...one, session_id: `s${index}` }));
    const read = importedFile({ ...ownFile([]), sessions }, nowMs)!;
    expect(read.conversations).toHaveLength(10_000);
    expect(read.unusable).toBe(500);
  });
});
