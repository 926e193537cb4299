import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createProviders } from "../catalogue.ts";
import { collectAnswer } from "../testing/collect-answer.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { introduction, offlineAnswer } from "./answer.ts";
import { Eliza } from "./eliza.ts";
import { clausesOf, reflect } from "./reflection.ts";
import { mostCounted, showpiece } from "./showpieces.ts";

const user = (content: string) => ({ role: "user" as const, content });
const assistant = (content: string) => ({ role: "assistant" as const, content });

describe("the persons are turned round", () => {
  test.each([
    ["my mother and I", "your mother and you"],
    ["you are my friend", "I am your friend"],
    ["I was alone", "you were alone"],
    ["to help you", "to help me"],
    ["what you told me", "what I told you"],
    ["your own fault", "my own fault"],
  ])("%s → %s", (said, turned) => {
    expect(reflect(said)).toBe(turned);
  });
});

test("a message is taken apart into clauses of bounded length", () => {
  expect(clausesOf("Hi! I dont know; well, but why?")).toEqual(["Hi", "I don't know", "well", "but why"]);
  expect(clausesOf("x".repeat(100_000)).every((clause) => clause.length <= 400)).toBe(true);
  expect(clausesOf("")).toEqual([]);
});

describe("a conversation", () => {
  test.each([
    ["I need a holiday", "What would it mean to you to have a holiday?"],
    ["I am very tired", "I am sorry to hear you are tired. What do you think is behind it?"],
    ["You are not kind", "What gives you the impression that I am not kind?"],
    ["I can't fly", "What would happen if you could fly?"],
    ["my car is broken", "Why do you think your car is broken?"],
  ])("%s", (said, reply) => {
    expect(new Eliza().reply(said)).toBe(reply);
  });

  test("the keyword of the highest rank decides, wherever it stands", () => {
    expect(new Eliza().reply("You know, I remember my school")).toContain("when you think of your school");
  });

  test("replies take turns", () => {
    const eliza = new Eliza();
    const replies = [1, 2, 3].map(() => eliza.reply("because it rains"));
    expect(new Set(replies).size).toBe(3);
    expect(eliza.reply("because it rains")).toBe(replies[0]);
  });

  test("an earlier statement is taken up again", () => {
    const eliza = new Eliza();
    eliza.reply("My brother went away");
    expect(eliza.reply("Xyzzy")).toBe("Earlier you mentioned your brother. Does this have to do with it?");
    expect(eliza.reply("Xyzzy")).not.toContain("brother");
  });

  test("there is always a reply, in time and without holes", () => {
    const words = fc.constantFrom(
      "I",
      "you",
      "my",
      "are",
      "want",
      "to",
      "am",
      "because",
      "mother",
      "?",
      "don't",
      "if",
      "remember",
      "日本",
      "*",
      "(2)",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), (said) => {
        const reply = new Eliza().reply(said.join(" "));
        expect(reply).not.toBe("");
        expect(reply).not.toMatch(/undefined|\s[?.!]/);
      }),
    );
    expect(new Eliza().reply(`${"my you are not ".repeat(20_000)}`)).not.toBe("");
  });

  test("what must not be turned round is answered with where to find help", () => {
    expect(new Eliza().reply("I want to kill myself")).toContain("crisis line");
  });
});

describe("an answer", () => {
  test("the first says what this is and how to get a real model; later ones do not", () => {
    const first = offlineAnswer([user("Hello")]);
    expect(first.startsWith(introduction)).toBe(true);
    for (const told of ["built-in program", "OPENAI_API_KEY", ".env"]) expect(introduction).toContain(told);
    expect(offlineAnswer([user("Hello"), assistant(first), user("I am sad")])).not.toContain("OPENAI_API_KEY");
  });

  test.each(["Who are you?", "What are you?", "are you a real human", "Are you an AI?"])(
    "%s is answered honestly",
    (question) => {
      expect(offlineAnswer([user("Hello"), assistant("Hello."), user(question)])).toContain(
        "small program built into this chat",
      );
    },
  );

  test("is a function of the conversation alone", () => {
    const said = fc.array(fc.constantFrom("I need rest", "my dog is old", "xyzzy", "show a table", "why?", "yes"), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(said, (lines) => {
        const messages = lines.flatMap((line) => [user(line), assistant("…")]).slice(0, -1);
        expect(offlineAnswer(messages)).toBe(offlineAnswer(structuredClone(messages)));
      }),
    );
  });

  test("other languages are declined politely", () => {
    expect(offlineAnswer([user("a"), assistant("b"), user("Как дела?")])).toContain("only English");
  });
});

describe("what it can show", () => {
  test.each([
    ["show me a table", /^\|.*\|$/m],
    ["table", /^\| :-- \|/m],
    ["please show code", /^```typescript$/m],
    ["Write a function in TypeScript", /^```typescript$/m],
    ["give me a list", /^- \*\*/m],
    ["show a formula", /^\$\$$/m],
    ["draw a diagram", /^```mermaid$/m],
    ["help", /`count to 100`/],
  ])("%s", (request, expected) => {
    expect(showpiece(request)).toMatch(expected);
  });

  test.each([
    "my code does not work and I am sad about it",
    "I put the list on the table yesterday evening",
    "the essay was hard for me",
  ])("%s is conversation", (said) => {
    expect(showpiece(said)).toBeNull();
  });

  test("counts", () => {
    expect(showpiece("count to 5")).toBe("1, 2, 3, 4, 5.");
    expect(showpiece("Please count from 1 to 3!")).toBe("1, 2, 3.");
    expect(showpiece("count to 999999999")).toBe(
      `${Array.from({ length: mostCounted }, (_none, index) => index + 1).join(", ")}, and that is as far as I count.`,
    );
  });

  test("writes long texts about what is asked for, as long as is asked for", () => {
    const text = showpiece("Write a long text about the sea.")!;
    expect(text.split(/\s+/).length).toBeGreaterThan(400);
    expect(text).toContain("the sea");
    expect(text).toBe(showpiece("Write a long text about the sea."));
    expect(showpiece("write 3000 words")!.split(/\s+/).length).toBeGreaterThan(3000);
    expect(showpiece("write 9999999 words")!.split(/\s+/).length).toBeLessThan(21_000);
  });
});

describe("the provider", () => {
  const request = { provider: "offline", model: "eliza", messages: [user("count to 40")] };
  const whole = offlineAnswer(request.messages);
  const fast = createProviders({ offline: { wordsPerSecond: 0 } }).model;

  test("streams word by word and ends with its usage", async () => {
    const answer = await collectAnswer(fast, request);
    expect(answer.text).toBe(whole);
    expect(answer.parts.length).toBeGreaterThan(40);
    expect(answer.finish).toEqual({
      type: "finish",
      finishReason: "stop",
      usage: { inputTokens: 3, outputTokens: whole.split(/\s+/).length },
    });
  });

  test("goes on exactly where an answer was broken off", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), async (length) => {
        const text = whole.slice(0, length);
        const rest = await collectAnswer(fast, { ...request, continueFrom: { text } });
        expect(text + rest.text).toBe(whole);
      }),
    );
  });

  test("keeps what is there even when it would answer otherwise now", async () => {
    const rest = await collectAnswer(fast, { ...request, continueFrom: { text: "An older version began so" } });
    expect(rest.text).toBe(`\n\n${whole}`);
  });

  test("keeps to the caller's limit", async () => {
    const answer = await collectAnswer(fast, { ...request, maxTokens: 3 });
    expect(answer.text).toBe(whole.split(" ").slice(0, 3).join(" "));
    expect(answer.finish?.finishReason).toBe("length");
  });

  test("keeps its pace, and late timers do not add up", async () => {
    const clock = new ManualClock();
    const { model } = createProviders({ offline: { wordsPerSecond: 20 } }, { clock });
    const startedMs = clock.nowMs();
    const arrivals: number[] = [];
    const reading = collectAnswer(model, request, undefined, (part) => {
      if (part.type === "text") arrivals.push(clock.nowMs() - startedMs);
    });
    let read = false;
    void reading.then(() => {
      read = true;
    });
    while (!read) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.pendingMs.length > 0) clock.advance(clock.pendingMs[0]! + 7);
    }
    const words = whole.split(/\s+/).length;
    expect(arrivals).toHaveLength(words);
    expect(arrivals.at(-1)).toBeLessThan(words * 50 + 50);
    expect(arrivals.at(-1)).toBeGreaterThanOrEqual((words - 1) * 50);
  });

  test("stops at once when it is told to", async () => {
    const clock = new ManualClock();
    const { model } = createProviders({ offline: { wordsPerSecond: 20 } }, { clock });
    const abort = new AbortController();
    const answer = await collectAnswer(model, request, abort.signal, () => abort.abort());
    expect(answer.parts).toHaveLength(1);
    expect(answer.error).toMatchObject({ message: "The request was cancelled." });
    expect(clock.pendingMs).toEqual([]);
  });

  test("refuses a conversation beyond all bounds", async () => {
    const answer = await collectAnswer(fast, { ...request, messages: [user("x".repeat(3_000_000))] });
    expect(answer.error?.code).toBe("provider_rejected");
  });
});
