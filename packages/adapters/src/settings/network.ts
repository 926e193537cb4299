import net from "node:net";
import { z } from "zod";

/** Names for the addresses of this machine, of one cable, and of private networks. */
const named = new Set(["loopback", "linklocal", "uniquelocal"]);

/** A comma-separated list of addresses, networks such as 10.0.0.0/8, and the names of a few. */
export function networkList() {
  return z.string().superRefine((text, context) => {
    const wrong = text.split(",").find((part) => part.trim() !== "" && !isNetwork(part.trim()));
    if (wrong === undefined) return;
    const message = `${JSON.stringify(wrong.trim())} is neither an address nor a network such as 10.0.0.0/8`;
    context.addIssue({ code: "custom", message });
  });
}

/** Whether a text is an address, or one with the length of its prefix, or a name. */
export function isNetwork(text: string): boolean {
  if (named.has(text)) return true;
  const [host = "", prefix, ...more] = text.split("/");
  const version = net.isIP(host);
  if (version === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}
