import { spawn } from "node:child_process";
import { scryptSync } from "node:crypto";
import path from "node:path";
import { text } from "node:stream/consumers";
import { accountStateSchema, errorRegistry } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, expectError, Fixture, type Instance } from "./fixture.ts";

const limitMs = 120_000;
const password = "seven lamps in a harbour";
let fixture: Fixture;
let instance: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance({ authMode: "accounts" });
});
afterAll(() => fixture.close());

const newEmail = () => `marguerite${++people}@harvest.example`;

async function signedUp(): Promise<{ email: string; browser: Caller }> {
  const email = newEmail();
  const browser = instance.browser();
  const body = { email, password, name: "Marguerite Duras" };
  await browser.expect(200, accountStateSchema, "POST", "/api/auth/sign-up", { body });
  return { email, browser };
}

const signIn = (email: string, of: string) =>
  instance.browser().call("POST", "/api/auth/sign-in", { body: { email, password: of } });

async function storedHash(email: string): Promise<string> {
  const rows = await instance.query(
    "select a.password from auth_accounts a join users u on u.id = a.user_id where u.email = $1",
    [email],
  );
  expect(rows).toHaveLength(1);
  return String(rows[0]?.password);
}

/** Stores the password as releases before did. */
async function storeFormerHash(email: string, of: string): Promise<string> {
  const salt = "8f14e45fceea167a5a36dedd4bea2543";
  const hash = `${salt}:${scryptSync(of, salt, 64, { N: 16384, r: 16, p: 1, maxmem: 2 ** 27 }).toString("hex")}`;
  await instance.query(
    "update auth_accounts a set password = $1 from users u where u.id = a.user_id and u.email = $2",
    [hash, email],
  );
  return hash;
}

/** `npm run reset-password` over the instance's database. */
async function resetPassword(
  email: string,
  given: string,
): Promise<{ code: number | null; out: string; error: string }> {
  const root = path.resolve(import.meta.dirname, "../../..");
  const { user, password: secret, host, port, database } = instance.database;
  const secretPart = typeof secret === "string" ? `:${encodeURIComponent(secret)}` : "";
  const url = `postgres://${user}${secretPart}@${host?.startsWith("/") ? "localhost" : host}:${port}/${database}`;
  const DATABASE_URL = host?.startsWith("/") ? `${url}?host=${encodeURIComponent(host)}` : url;
  const script = ["tools/with-node.mjs", "tools/reset-password.ts"].map((file) => path.join(root, file));
  const child = spawn(process.execPath, [...script, email], { env: { PATH: process.env.PATH, DATABASE_URL } });
  child.stdin.end(given);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, error };
}

describe("passwords", () => {
  it.each([
    ...["password", "Password1!", "p@ssw0rd2024", "12345678", "qwertyuiop", "aaaaaaaa", "1q2w3e4r5t", "iloveyou2"],
    ...["marguerite", "Marguerite.Duras", "duras1914", "Harvest2024!", "etireugram1"],
  ])("%s is refused for a new account, with the reason", async (easy) => {
    const body = { email: newEmail(), password: easy, name: "Marguerite Duras" };
    const answer = await instance.browser().call("POST", "/api/auth/sign-up", { body });
    expectError(answer, "weak_password");
    expect(answer.text).toContain(errorRegistry.weak_password.meaning);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await instance.query("select 1 from users where email = $1", [body.email])).toEqual([]);
  });

  it("one's own address is refused, with and without a digit behind it", async () => {
    for (const tail of ["", "1", "!", "2024"]) {
      const email = newEmail();
      const answer = await instance
        .browser()
        .call("POST", "/api/auth/sign-up", { body: { email, password: email + tail } });
      expectError(answer, "weak_password");
    }
  });

  it("an easy new password changes nothing; the old one still opens", async () => {
    const { email, browser } = await signedUp();
    for (const easy of ["Summer2024!", `${email}7`, "duras1914"]) {
      const body = { current_password: password, new_password: easy };
      await browser.refused("weak_password", "POST", "/api/account/password", { body });
    }
    expect((await signIn(email, password)).status).toBe(200);
    const body = { current_password: password, new_password: "eight buoys and a bell" };
    expect((await browser.call("POST", "/api/account/password", { body })).status).toBe(200);
    expectError(await signIn(email, password), "invalid_credentials");
    expect((await signIn(email, "eight buoys and a bell")).status).toBe(200);
  });

  it(
    "reset-password takes no easy password, and what it sets opens",
    async () => {
      const { email } = await signedUp();
      const before = await storedHash(email);
      const refused = await resetPassword(email, "P@ssw0rd2024");
      expect(refused).toEqual({ code: 1, out: "", error: `${errorRegistry.weak_password.meaning}\n` });
      expect((await resetPassword(email, `${email}1`)).code).toBe(1);
      expect(await storedHash(email)).toBe(before);
      const done = await resetPassword(email, "eight buoys and a bell");
      expect(done).toMatchObject({ code: 0, error: "" });
      expect(await storedHash(email)).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
      expect((await signIn(email, "eight buoys and a bell")).status).toBe(200);
      const made = await resetPassword(email, "");
      expect((await signIn(email, /: (\S+)\n/.exec(made.out)?.[1] ?? "")).status).toBe(200);
    },
    limitMs,
  );

  it("somebody unknown and a wrong password are answered alike", async () => {
    const { email } = await signedUp();
    const answers = [await signIn(email, "not this one here"), await signIn(newEmail(), "not this one here")];
    const told = answers.map(({ status, body }) => {
      const { correlation_id, ...rest } = (body as { error: Record<string, unknown> }).error;
      expect(correlation_id).toEqual(expect.any(String));
      return [status, rest];
    });
    expect(told[0]).toEqual(told[1]);
    expect(told[0]?.[0]).toBe(401);
  });
});

describe("hashes", () => {
  it("a hash of an earlier release opens, and is made anew by that alone", async () => {
    const { email } = await signedUp();
    const former = await storeFormerHash(email, password);
    expectError(await signIn(email, "not this one here"), "invalid_credentials");
    expect(await storedHash(email)).toBe(former);
    expect((await signIn(email, password)).status).toBe(200);
    const renewed = await storedHash(email);
    expect(renewed).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect((await signIn(email, password)).status).toBe(200);
    expect(await storedHash(email)).toBe(renewed);
    expectError(await signIn(email, "not this one here"), "invalid_credentials");
  });

  it("many who sign in at the same moment all get in, one after another", async () => {
    const { email } = await signedUp();
    await storeFormerHash(email, password);
    const answers = await Promise.all(Array.from({ length: 9 }, () => signIn(email, password)));
    expect(answers.map(({ status }) => status)).toEqual(Array(9).fill(200));
    expect(await storedHash(email)).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect((await signIn(email, password)).status).toBe(200);
  });
});
