import { expect, it } from "vitest";
import { conversationHistory, type PathMessage, systemPrompt } from "./prompt.ts";

const said = (role: PathMessage["role"], content: string): PathMessage => ({ role, content, status: "complete" });
const path = [
  said("system", "Be brief."),
  said("user", "one"),
  said("assistant", "eins"),
  said("system", "Rhyme."),
  said("user", "two"),
  said("assistant", "zwei"),
];

it("joins the request's system prompt and the instructions on the way, in their order", () => {
  expect(systemPrompt("You are a poet.", path)).toBe("You are a poet.\n\nBe brief.\n\nRhyme.");
  expect(systemPrompt(undefined, path)).toBe("Be brief.\n\nRhyme.");
  expect(systemPrompt("", path)).toBe("Be brief.\n\nRhyme.");
  expect(systemPrompt("You are a poet.", path.slice(1, 3))).toBe("You are a poet.");
  expect(systemPrompt(undefined, [])).toBeUndefined();
});

it("keeps the newest whole instructions that fit, counted in bytes", () => {
  expect(systemPrompt(undefined, path, 6)).toBe("Rhyme.");
  expect(systemPrompt(undefined, path, 15)).toBe("Be brief.\n\nRhyme.");
  expect(systemPrompt(undefined, path, 14)).toBe("Rhyme.");
  expect(systemPrompt("given", [said("system", "äöü")], 5)).toBe("given");
});

it("leaves instructions out of what was said", () => {
  expect(conversationHistory(path)).toEqual([
    { role: "user", content: "one" },
    { role: "assistant", content: "eins" },
    { role: "user", content: "two" },
    { role: "assistant", content: "zwei" },
  ]);
});
