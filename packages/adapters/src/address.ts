import { z } from "zod";

/** Characters that end the part of an address where a password stands. */
const mustBeEncoded = "characters such as / ? # @ in its user or password must be written as %2F %3F %23 %40";

/**
 * An address with one of these schemes, such as `postgres`. What is wrong with another is told in words: a password with
 * a `/` in it splits the address elsewhere than its writer thinks, and must not be told as a wrong scheme.
 */
export function address(...schemes: readonly string[]) {
  return z.string().superRefine((text, context) => {
    const problem = addressProblem(text, schemes);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });
}

/** Why a text is not such an address, as the end of a sentence; null when it is. */
export function addressProblem(text: string, schemes: readonly string[]): string | null {
  const wanted = schemes.map((scheme) => `${scheme}://`);
  if (!wanted.some((beginning) => text.toLowerCase().startsWith(beginning)))
    return `must begin with ${wanted.join(" or ")}`;
  const parsed = URL.parse(text);
  if (parsed === null || parsed.pathname.includes("@") || parsed.hash !== "")
    return `is not an address; ${mustBeEncoded}`;
  if (parsed.search.includes("@")) return `is not an address; ${mustBeEncoded}`;
  // Of PostgreSQL it may stand behind, as the folder of a socket.
  if (parsed.hostname === "" && !parsed.searchParams.has("host")) return "names no host";
  try {
    decodeURIComponent(parsed.username + parsed.password);
  } catch {
    return "is not an address; a % in its user or password must be written as %25";
  }
  return null;
}

/** The address of a page or a service on the web. Its host is never empty. */
export function webAddress() {
  return address("http", "https");
}

/** The address under which people reach the page: a host alone, since page, API and cookies are at its root. */
export function webHost() {
  return webAddress().superRefine((text, context) => {
    const parsed = URL.parse(text);
    if (parsed === null) return;
    if (parsed.pathname !== "/" || parsed.search !== "") {
      const message = `must be a host without a path, such as ${parsed.origin}: page and API are at its root`;
      context.addIssue({ code: "custom", message });
    }
    if (parsed.username !== "" || parsed.password !== "")
      context.addIssue({ code: "custom", message: "must not have a user or a password" });
  });
}
