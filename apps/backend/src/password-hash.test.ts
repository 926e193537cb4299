import { scryptSync } from "node:crypto";
import { RegisteredError } from "@uci/protocol";
import { expect, test } from "vitest";
import { hashPassword, isOutdatedHash, Turns, verifyPassword } from "./password-hash.ts";

const password = "seven lamps in a harbour";
/** As releases before wrote it. */
function formerHash(of: string): string {
  const salt = "00112233445566778899aabbccddeeff";
  const key = scryptSync(of.normalize("NFKC"), salt, 64, { N: 16384, r: 16, p: 1, maxmem: 2 ** 27 });
  return `${salt}:${key.toString("hex")}`;
}

test("a hash has today's cost, a salt of its own, and is no other password's", async () => {
  const [one, other] = await Promise.all([hashPassword(password), hashPassword(password)]);
  expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
  expect(one).not.toBe(other);
  expect(isOutdatedHash(one)).toBe(false);
  expect(await verifyPassword({ hash: one, password })).toBe(true);
  expect(await verifyPassword({ hash: one, password: `${password}.` })).toBe(false);
});

test("a hash of a release before still holds and is outdated", async () => {
  const hash = formerHash(password);
  expect(isOutdatedHash(hash)).toBe(true);
  expect(await verifyPassword({ hash, password })).toBe(true);
  expect(await verifyPassword({ hash, password: "another" })).toBe(false);
});

test("a hash that is none is nobody's password", async () => {
  await expect(verifyPassword({ hash: "", password })).rejects.toThrow("does not know");
  expect(isOutdatedHash("")).toBe(true);
});

test("so many at a time, the others in their order, and no more than may wait", async () => {
  const turns = new Turns(2, 3);
  const begun: number[] = [];
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const tasks = ends.map(({ promise }, index) =>
    turns.take(async () => {
      begun.push(index);
      await promise;
      if (index === 0) throw new Error("this one fails");
    }),
  );
  const refused = turns.take(() => Promise.resolve());
  await expect(refused).rejects.toThrow(RegisteredError);
  await expect(refused).rejects.toMatchObject({ code: "overloaded" });
  expect(begun).toEqual([0, 1]);
  ends[1]!.resolve();
  await tasks[1];
  expect(begun).toEqual([0, 1, 2]);
  ends[0]!.resolve();
  await expect(tasks[0]).rejects.toThrow("fails");
  for (const index of [2, 3, 4]) ends[index]!.resolve();
  await Promise.all(tasks.slice(1));
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  await turns.take(() => Promise.resolve());
});
