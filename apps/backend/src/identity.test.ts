import type { UserStore } from "@uci/chat";
import type { FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import { TrustedIdentifier } from "./identity.ts";

const request = { headers: { "x-user-id": "ada" } } as unknown as FastifyRequest;

function users(outcomes: readonly (() => Promise<void>)[]): { store: UserStore; asked: string[] } {
  const asked: string[] = [];
  const ensure = (userId: string) => outcomes[asked.push(userId) - 1]!();
  return { store: { ensure } as unknown as UserStore, asked };
}

describe("the users a gateway names", () => {
  it("are made once for all who come at the same time, and none goes on before they are there", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { store, asked } = users([() => promise]);
    const identifier = new TrustedIdentifier({ users: store, headerOnly: false, signature: null });
    let identified = 0;
    const all = Array.from({ length: 10 }, async () => {
      await identifier.identify(request, undefined);
      identified++;
    });
    await new Promise(setImmediate);
    expect(identified).toBe(0);
    resolve();
    await Promise.all(all);
    await identifier.identify(request, undefined);
    expect(asked).toEqual(["ada"]);
  });

  it("are asked for again after the database was away", async () => {
    const away = new Error("away");
    const { store, asked } = users([() => Promise.reject(away), () => Promise.resolve()]);
    const identifier = new TrustedIdentifier({ users: store, headerOnly: false, signature: null });
    const both = await Promise.allSettled([
      identifier.identify(request, undefined),
      identifier.identify(request, undefined),
    ]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await identifier.identify(request, undefined)).toMatchObject({ userId: "ada" });
    expect(asked).toEqual(["ada", "ada"]);
  });
});
