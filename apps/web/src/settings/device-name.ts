const browsers = [
  ["Edge", /Edg(?:e|A|iOS)?\//],
  ["Opera", /OPR\//],
  ["Firefox", /Firefox\/|FxiOS\//],
  ["Chrome", /Chrome\/|CriOS\//],
  ["Safari", /Safari\//],
] as const;
const systems = [
  ["iPhone", /iPhone/],
  ["iPad", /iPad/],
  ["Android", /Android/],
  ["Windows", /Windows/],
  ["macOS", /Mac OS X|Macintosh/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux/],
] as const;

/** What people call a device by what its browser says of itself: "Firefox, Linux". Null: it says nothing known. */
export function deviceName(userAgent: string | null): string | null {
  const agent = userAgent ?? "";
  const named = [browsers, systems].map((list) => list.find(([, pattern]) => pattern.test(agent))?.[0]);
  const known = named.filter((name) => name !== undefined);
  return known.length === 0 ? null : known.join(", ");
}
