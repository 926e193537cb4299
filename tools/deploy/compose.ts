import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { root } from "../command.ts";

export type ComposeService = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly networks?: unknown;
  readonly stop_grace_period?: string;
};

export type Compose = {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
};

const file = path.join(root, "deploy/compose.yaml");

/** The compose file as it is written. */
export function composeText(): string {
  return fs.readFileSync(file, "utf8");
}

/** The compose file with the variables of an environment put in, as compose does. Throws for a secret that is missing. */
export function composeWith(environment: Readonly<Record<string, string>>): Compose {
  return interpolated(parse(composeText(), { merge: true }), environment) as Compose;
}

/** The variables the compose file takes from its environment. */
export function composeVariables(): ReadonlySet<string> {
  return new Set([...composeText().matchAll(/(?<!\$)\$\{(\w+)/g)].map((match) => match[1]!));
}

function interpolated(value: unknown, environment: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => interpolated(item, environment));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, interpolated(item, environment)]));
  }
  if (typeof value !== "string") return value;
  return value.replace(/\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}/g, (all, name?: string, kind?: string, other?: string) => {
    if (name === undefined) return "$";
    const given = environment[name] ?? "";
    if (given !== "") return given;
    if (kind === "?") throw new Error(`${name} is missing`);
    if (kind === undefined) throw new Error(`${all} has no value where ${name} is not given`);
    return other ?? "";
  });
}

/** What a file like `.env` gives. */
export function readEnvironmentFile(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!.replaceAll("$$", "$")]),
  );
}

/** A time as compose writes it, such as 90s, in seconds. */
export function secondsOf(duration: string): number {
  const match = /^(\d+)s$/.exec(duration);
  if (match === null) throw new Error(`${duration} is not a number of seconds`);
  return Number(match[1]);
}
