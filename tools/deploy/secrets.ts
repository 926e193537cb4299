import { randomBytes } from "node:crypto";
import { containerEnvironment, containerSecrets } from "./environment.ts";

/** How somebody makes secrets: with `openssl rand -hex 24`, with `-base64 24`, or so that they begin like a number. */
export const secretKinds = {
  hex: () => randomBytes(24).toString("hex"),
  base64: () => randomBytes(24).toString("base64"),
  "hex that begins with a digit": () => `7${randomBytes(24).toString("hex").slice(1)}`,
  "hex that is a number with an exponent": () => `12e${randomBytes(24).toString("hex").replaceAll(/\D/g, "3")}`,
  "hex that begins with e": () => `e${randomBytes(24).toString("hex").slice(1)}`,
  "base64 with characters of addresses": () => `+/=${randomBytes(22).toString("base64")}`,
} as const;

export type SecretKind = keyof typeof secretKinds;

/** The file `.env` as the documentation says it is made: the example, with a secret for each line that asks for one. */
export function filledEnvironment(kind: SecretKind, settings: Readonly<Record<string, string>> = {}): string {
  let text = containerEnvironment();
  for (const name of containerSecrets) text = text.replace(`${name}=\n`, () => `${name}=${secretKinds[kind]()}\n`);
  return [text, ...Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)].join("");
}
