import type { Session } from "@uci/protocol";
import { expect, test } from "vitest";
import { sampleSession } from "../connection/sample-session.ts";
import { createFormats } from "../language/formats.ts";
import { en } from "../language/messages/en.ts";
import { createText } from "../language/text.ts";
import { groupSessions } from "./grouping.ts";

const text = createText(en, "en");
const formats = createFormats("en-GB");
const now = new Date(2026, 2, 15, 14, 30);

function session(id: string, updated: Date): Session {
  const at = updated.toISOString();
  return sampleSession({ session_id: id, title: id, created_at: at, updated_at: at });
}

function groups(...sessions: Session[]) {
  return groupSessions(sessions, now, text, formats).map(({ title, sessions: group }) => [
    title,
    ...group.map(({ session_id }) => session_id),
  ]);
}

test("sessions stand under the day they were last used on, newest first", () => {
  const found = groups(
    session("december", new Date(2025, 11, 20)),
    session("just now", now),
    session("early this morning", new Date(2026, 2, 15, 0, 1)),
    session("late last night", new Date(2026, 2, 14, 23, 59)),
    session("six days ago", new Date(2026, 2, 9, 9)),
    session("three weeks ago", new Date(2026, 1, 22, 9)),
    session("january", new Date(2026, 0, 31)),
  );
  expect(found).toEqual([
    ["Today", "just now", "early this morning"],
    ["Yesterday", "late last night"],
    ["Previous 7 days", "six days ago"],
    ["Previous 30 days", "three weeks ago"],
    ["January", "january"],
    ["December 2025", "december"],
  ]);
});

test("a clock that is ahead does not put sessions into the future", () => {
  expect(groups(session("ahead", new Date(2026, 2, 16, 1)))).toEqual([["Today", "ahead"]]);
});

test("a day of 23 hours is a day", () => {
  const summerTime = new Date(2026, 2, 29, 12);
  const [group] = groupSessions([session("before", new Date(2026, 2, 28, 12))], summerTime, text, formats);
  expect(group?.title).toBe("Yesterday");
});

test("no sessions, no groups", () => expect(groups()).toEqual([]));
