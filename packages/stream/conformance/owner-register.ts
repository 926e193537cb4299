import { beforeEach, describe, expect, it } from "vitest";
import type { OwnerRecord, OwnerRegister } from "../src/index.ts";

function record(attempt: number, nonce: string): OwnerRecord {
  return { generation: 0, attempt, worker_id: "worker-1", nonce, base: null };
}

/** What every owner register must do. `makeRegister` gives an empty one. */
export function ownerRegisterConformance(name: string, makeRegister: () => Promise<OwnerRegister>): void {
  describe(`owner register: ${name}`, () => {
    let register: OwnerRegister;
    beforeEach(async () => {
      register = await makeRegister();
    });

    it("O1 knows no owner before a claim and the last one after it", async () => {
      expect(await register.find("msg_1")).toBeNull();
      const first = await register.claim("msg_1", record(1, "a"), 0);
      expect(first.kind).toBe("committed");
      const stored = await register.find("msg_1");
      expect(stored?.record).toEqual(record(1, "a"));
      await register.claim("msg_1", record(2, "b"), stored!.sequence);
      expect((await register.find("msg_1"))?.record.attempt).toBe(2);
    });

    it("O2 lets one of many claims of the same attempt win", async () => {
      const claims = Array.from({ length: 20 }, (_, index) => register.claim("msg_1", record(1, `n${index}`), 0));
      const outcomes = await Promise.all(claims);
      expect(outcomes.filter((outcome) => outcome.kind === "committed")).toHaveLength(1);
      const winner = outcomes.findIndex((outcome) => outcome.kind === "committed");
      expect((await register.find("msg_1"))?.record.nonce).toBe(`n${winner}`);
    });

    it("O3 refuses a claim over an entry that is not the last", async () => {
      await register.claim("msg_1", record(1, "a"), 0);
      const late = await register.claim("msg_1", record(2, "b"), 0);
      expect(late.kind).toBe("moved");
      expect((await register.find("msg_1"))?.record.nonce).toBe("a");
    });

    it("O4 keeps messages apart", async () => {
      await register.claim("msg_1", record(1, "a"), 0);
      expect((await register.claim("msg_2", record(1, "b"), 0)).kind).toBe("committed");
      expect((await register.find("msg_1"))?.record.nonce).toBe("a");
    });

    it("O5 forgets a message", async () => {
      await register.claim("msg_1", record(1, "a"), 0);
      await register.forget("msg_1");
      expect(await register.find("msg_1")).toBeNull();
      await register.forget("msg_never");
    });
  });
}
