import { expect, it } from "vitest";
import { titleFromReply, titleRequest } from "./index.ts";

it("takes the title out of what models write around it", () => {
  expect(titleFromReply("Planning a Trip to Kyoto")).toBe("Planning a Trip to Kyoto");
  expect(titleFromReply('\n**"Planning a Trip."**\n')).toBe("Planning a Trip");
  expect(titleFromReply("Title: Winter tyres\n\nLet me know if …")).toBe("Winter tyres");
  expect(titleFromReply("标题：北京旅行")).toBe("北京旅行");
  expect(titleFromReply("# „Steuererklärung 2026“")).toBe("Steuererklärung 2026");
});

it("takes no answer for a title", () => {
  expect(titleFromReply("")).toBeNull();
  expect(titleFromReply("…\n--")).toBeNull();
  expect(titleFromReply(`Sure, here is a long explanation of ${"everything ".repeat(10)}`)).toBeNull();
});

it("asks with the beginning of a long conversation alone", () => {
  const messages = titleRequest("q".repeat(10_000), "a".repeat(10_000));
  expect(messages.map(({ content }) => content).join("").length).toBeLessThan(4_000);
});
