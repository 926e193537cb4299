import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { ClusterError } from "./options.ts";

/** Every password of a cluster. Letters and digits, so that they may stand in any address and any configuration. */
export type Passwords = {
  readonly nats: Readonly<Record<"pod" | "worker" | "workflow" | "monitor", string>>;
  readonly natsRoutes: string;
  readonly redis: string;
  readonly postgres: string;
  /** Signs the cookies. */
  readonly authSecret: string;
  /** How many NATS servers the data in this folder was made by. */
  readonly natsServers: number;
};

/** The passwords kept in a folder, made at its first use and readable by their owner alone. */
export function keptPasswords(folder: string, natsServers: 1 | 3): Passwords {
  const file = path.join(folder, "passwords.json");
  const kept = readKept(file);
  if (kept === null) return made(file, natsServers);
  if (kept.natsServers === natsServers) return kept;
  throw new ClusterError(
    `The data in ${folder} was made with --nats ${kept.natsServers}, which cannot be changed; use that, or another folder with --data.`,
  );
}

function readKept(file: string): Passwords | null {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Passwords;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new ClusterError(`The file ${file} cannot be read; put it back, or remove its folder to begin anew.`);
  }
}

function made(file: string, natsServers: 1 | 3): Passwords {
  const password = () => randomBytes(24).toString("hex");
  const passwords: Passwords = {
    nats: { pod: password(), worker: password(), workflow: password(), monitor: password() },
    natsRoutes: password(),
    redis: password(),
    postgres: password(),
    authSecret: password(),
    natsServers,
  };
  fs.writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  return passwords;
}
