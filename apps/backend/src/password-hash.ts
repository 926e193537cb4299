import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { RegisteredError } from "@uci/protocol";

/** A hash takes 128 × N × r bytes, and N × r × p is the work. */
type Cost = { readonly N: number; readonly r: number; readonly p: number };

/** 32 MiB and about a quarter of a second: the least that OWASP advises for scrypt. */
const cost: Cost = { N: 2 ** 15, r: 8, p: 3 };
/** What hashes of earlier releases took, written "salt:key" in hexadecimal digits. */
const formerCost: Cost = { N: 2 ** 14, r: 16, p: 1 };
/** The work by which a former hash is cheaper: without it, time would tell who has not signed in for long. */
const restOfFormerCost: Cost = { N: 2 ** 15, r: 8, p: 2 };
const keyBytes = 64;
const saltBytes = 16;
/** Hashes at a time in this process: they take memory, and threads that files and names of hosts need as well. */
const hashesAtOnce = 2;
/** Hashes that wait for their turn; whoever comes beyond these is asked to come again. */
const waitingHashes = 64;
const overloadedRetryMs = 5_000;

const written = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const formerlyWritten = /^([0-9a-f]+):([0-9a-f]+)$/;

/** A password's hash with all that is needed to check it. Throws `overloaded` where too many wait for theirs. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await turns.take(() => derive(password, salt, cost));
  return `$scrypt$ln=${Math.log2(cost.N)},r=${cost.r},p=${cost.p}$${text64(salt)}$${text64(key)}`;
}

/** Whether this is the password of a hash, of this release or an earlier one, with the same work for all. Throws `overloaded`. */
export async function verifyPassword({ hash, password }: { hash: string; password: string }): Promise<boolean> {
  const former = formerlyWritten.exec(hash);
  if (former !== null) {
    return turns.take(async () => {
      const [, salt = "", key = ""] = former;
      // Its salt was used as it is written.
      const derived = await derive(password, Buffer.from(salt), formerCost);
      await derive(password, Buffer.from(salt), restOfFormerCost);
      return isEqual(derived, Buffer.from(key, "hex"));
    });
  }
  const parts = written.exec(hash);
  if (parts === null) throw new Error("a password's hash is written in a way this release does not know");
  const [, ln, r, p, salt = "", key = ""] = parts;
  const of = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  return turns.take(async () =>
    isEqual(await derive(password, Buffer.from(salt, "base64"), of), Buffer.from(key, "base64")),
  );
}

/** Whether a hash is not what a new one would be. */
export function isOutdatedHash(hash: string): boolean {
  return !hash.startsWith(`$scrypt$ln=${Math.log2(cost.N)},r=${cost.r},p=${cost.p}$`);
}

function derive(password: string, salt: Buffer, { N, r, p }: Cost): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(password.normalize("NFKC"), salt, keyBytes, { N, r, p, maxmem: 128 * N * r * 2 }, (error, key) =>
    error === null ? resolve(key) : reject(error),
  );
  return promise;
}

function isEqual(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function text64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}

/** Lets so many tasks run at a time; the others wait in the order they came. */
export class Turns {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  async take<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) {
        throw new RegisteredError("overloaded", undefined, overloadedRetryMs);
      }
      // Whoever ends hands its place over, so that nobody who comes later gets it first.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

const turns = new Turns(hashesAtOnce, waitingHashes);
