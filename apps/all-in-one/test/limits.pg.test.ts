import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fixture, type Instance } from "./fixture.ts";

const email = "owner@example.org";
const password = "correct horse battery";

let fixture: Fixture;
/** Two pods that share the database alone. */
let pods: readonly [Instance, Instance];

beforeAll(async () => {
  fixture = await Fixture.start();
  const options = {
    authMode: "accounts",
    database: await fixture.newDatabase(),
    trustForwardedFrom: ["127.0.0.1"],
  } as const;
  pods = [await fixture.instance(options), await fixture.instance(options)];
  await pods[0].browser().call("POST", "/api/auth/sign-up", { body: { email, password } });
});

afterAll(() => fixture.close());

function tryFrom(address: string, pod: number, tried: string, account: string = email) {
  return pods[pod]!.browser().call("POST", "/api/auth/sign-in", {
    body: { email: account, password: tried },
    headers: { "x-forwarded-for": address },
  });
}

/** How many of the answers had each status. */
function statuses(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe("wrong passwords", () => {
  it("are counted before they are looked at: of sixty at once over two pods ten are tried", async () => {
    const all = Array.from({ length: 60 }, (_, index) => tryFrom("192.0.2.1", index % 2, "wrong"));
    expect(statuses(await Promise.all(all))).toEqual({ 401: 10, 429: 50 });
    expect((await tryFrom("192.0.2.1", 0, password)).status).toBe(429);
  });

  it("of a stranger do not lock the owner out elsewhere, nor a colleague behind the same address", async () => {
    expect((await tryFrom("192.0.2.77", 1, password)).status).toBe(200);
    const colleague = "colleague@example.org";
    await pods[0].browser().call("POST", "/api/auth/sign-up", { body: { email: colleague, password } });
    expect((await tryFrom("192.0.2.1", 0, password, colleague)).status).toBe(200);
  });

  it("from one household's whole network count as one", async () => {
    const addresses = Array.from({ length: 30 }, (_, index) => `2001:db8:1:2::${index.toString(16)}`);
    const answers = await Promise.all(addresses.map((address, index) => tryFrom(address, index % 2, "wrong")));
    expect(statuses(answers)).toEqual({ 401: 10, 429: 20 });
  });

  it("for one account end for an hour, from wherever they come", async () => {
    const victim = "victim@example.org";
    expect((await tryFrom("198.51.100.0", 0, "wrong", victim)).status).toBe(401);
    // Ninety-seven more would take half a minute of hashing; the longest window is that of the account.
    const counted = await pods[0].query(
      "update attempts set count = 98 where count = 1 and ends_at > now() + interval '30 minutes' returning key",
    );
    expect(counted).toHaveLength(1);
    expect(String(counted[0]!.key)).not.toContain("victim");
    const answers = [];
    for (let index = 1; index <= 5; index++) {
      answers.push((await tryFrom(`198.51.100.${index}`, index % 2, "wrong", victim)).status);
    }
    expect(answers).toEqual([401, 401, 429, 429, 429]);
  });

  it("right ones are counted against nobody", async () => {
    const account = "regular@example.org";
    await pods[0].browser().call("POST", "/api/auth/sign-up", { body: { email: account, password } });
    for (let index = 0; index < 15; index++) {
      expect((await tryFrom("203.0.113.5", index % 2, password, account)).status).toBe(200);
    }
  });
});
