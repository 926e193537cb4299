import { snippetOf } from "@uci/chat";
import { afterEach, describe, expect, it } from "vitest";
import { TextThread, TextTimeoutError } from "./index.ts";

describe("the thread that looks through texts", () => {
  let thread: TextThread;
  afterEach(() => thread.close());

  it("gives what the functions themselves give, in the order of the questions", async () => {
    thread = new TextThread();
    const text = `Many words ${"and more ".repeat(1_000)}and a Überfahrt at the end`;
    const answers = await Promise.all([
      thread.snippet(text, "uberf"),
      thread.words("One two"),
      thread.snippet("x", "y"),
    ]);
    expect(answers).toEqual([snippetOf(text, "uberf"), ["one", "two"], snippetOf("x", "y")]);
  });

  it("gives up a text that takes too long, and goes on with the next", async () => {
    thread = new TextThread({ snippetMs: 1 });
    const hostile = "e\u0301 ".repeat(66_000);
    await expect(thread.snippet(hostile, "z")).rejects.toThrow(TextTimeoutError);
    const patient = new TextThread();
    expect(await patient.words("after it")).toEqual(["after", "it"]);
    await patient.close();
    await expect(patient.words("closed")).rejects.toThrow("any more");
  });

  it("gives up what waits when it is closed", async () => {
    thread = new TextThread();
    const waiting = Promise.allSettled([thread.words("one"), thread.words("two")]);
    await thread.close();
    expect((await waiting).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});
