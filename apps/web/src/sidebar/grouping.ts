import type { Session } from "@uci/protocol";

export type SessionGroup = { readonly title: string; readonly sessions: readonly Session[] };

const dayMs = 24 * 60 * 60 * 1000;

/** Sessions under headings as people say dates, newest first. `now` decides what today is, in its own time zone. */
export function groupSessions(sessions: readonly Session[], now: Date, locale = "en-GB"): SessionGroup[] {
  const ordered = [...sessions].sort((one, other) => compare(other, one));
  const groups: { title: string; sessions: Session[] }[] = [];
  for (const session of ordered) {
    const title = groupTitle(new Date(session.updated_at), now, locale);
    const last = groups.at(-1);
    if (last?.title === title) last.sessions.push(session);
    else groups.push({ title, sessions: [session] });
  }
  return groups;
}

function compare(one: Session, other: Session): number {
  if (one.updated_at !== other.updated_at) return one.updated_at < other.updated_at ? -1 : 1;
  return one.session_id < other.session_id ? -1 : 1;
}

function groupTitle(date: Date, now: Date, locale: string): string {
  const days = Math.round((startOfDay(now) - startOfDay(date)) / dayMs);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return "Previous 7 days";
  if (days < 30) return "Previous 30 days";
  const sameYear = date.getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(locale, sameYear ? { month: "long" } : { month: "long", year: "numeric" }).format(
    date,
  );
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
