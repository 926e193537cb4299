import type { Session } from "@uci/protocol";
import { type Formats, startOfDay } from "../language/formats.ts";
import type { Text } from "../language/text.ts";

export type SessionGroup = { readonly title: string; readonly sessions: readonly Session[] };

const dayMs = 24 * 60 * 60 * 1000;

/** Sessions under headings as people say dates, newest first. `now` decides what today is, in its own time zone. */
export function groupSessions(sessions: readonly Session[], now: Date, text: Text, formats: Formats): SessionGroup[] {
  const ordered = newestFirst(sessions);
  const groups: { title: string; sessions: Session[] }[] = [];
  for (const session of ordered) {
    const title = groupTitle(new Date(session.updated_at), now, text, formats);
    const last = groups.at(-1);
    if (last?.title === title) last.sessions.push(session);
    else groups.push({ title, sessions: [session] });
  }
  return groups;
}

export function newestFirst(sessions: readonly Session[]): Session[] {
  return [...sessions].sort((one, other) => compare(other, one));
}

function compare(one: Session, other: Session): number {
  if (one.updated_at !== other.updated_at) return one.updated_at < other.updated_at ? -1 : 1;
  return one.session_id < other.session_id ? -1 : 1;
}

function groupTitle(date: Date, now: Date, text: Text, formats: Formats): string {
  const days = Math.round((startOfDay(now) - startOfDay(date)) / dayMs);
  if (days <= 0) return text("sidebar.today");
  if (days === 1) return text("sidebar.yesterday");
  if (days < 7) return text("sidebar.previous_7_days");
  if (days < 30) return text("sidebar.previous_30_days");
  const sameYear = date.getFullYear() === now.getFullYear();
  return formats.date(date, sameYear ? { month: "long" } : { month: "long", year: "numeric" });
}
