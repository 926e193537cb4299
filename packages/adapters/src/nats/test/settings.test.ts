import { describe, expect, it } from "vitest";
import { appendOutcome } from "../append.ts";
import { isRecentEnough } from "../connecting.ts";
import { natsAuthorization, natsPermissions, natsSettingSchemas, natsSettingsFrom } from "../index.ts";
import { storeReplyOf } from "../jetstream.ts";
import { clockFault } from "../provision.ts";
import type { NatsSettingValues } from "../settings.ts";

const values: NatsSettingValues = {
  NATS_URL: undefined,
  NATS_USER: undefined,
  NATS_PASSWORD: undefined,
  NATS_TLS_CA: undefined,
  NATS_TLS_CERT: undefined,
  NATS_TLS_KEY: undefined,
  JOURNAL_PARTITIONS: 1,
  NATS_REPLICAS: 1,
  JOURNAL_MAX_BYTES: 1024 ** 3,
};

describe("settings of NATS", () => {
  it("takes a list of addresses and nothing else", () => {
    const { NATS_URL: url } = natsSettingSchemas;
    for (const good of ["nats://a:4222", "a:4222,tls://b:4222", " nats://a , nats://b ", "nats://u:p@[::1]:4222"]) {
      expect(url.safeParse(good).success, good).toBe(true);
    }
    for (const bad of [",", "http://a:4222", "nats://", "nats://a:4222/path", "nats://a:port"]) {
      expect(url.safeParse(bad).success, bad).toBe(false);
    }
  });

  it("takes the user out of an address where none is given, and keeps the password out of it", () => {
    const settings = natsSettingsFrom({ ...values, NATS_URL: "tls://pod:a%40b@one:4222,two" }, "pod", "name");
    expect(settings).toMatchObject({ servers: ["tls://one:4222", "nats://two"], user: "pod", password: "a@b" });
    const named = natsSettingsFrom({ ...values, NATS_URL: "one", NATS_USER: "u", NATS_PASSWORD: "p" }, "pod", "name");
    expect(named).toMatchObject({ servers: ["nats://one"], user: "u", password: "p", tls: undefined });
  });

  it("says what is missing", () => {
    expect(() => natsSettingsFrom(values, "pod", "name")).toThrow("The setting NATS_URL is missing.");
    const half = { ...values, NATS_URL: "one", NATS_TLS_CERT: "file" };
    expect(() => natsSettingsFrom(half, "pod", "name")).toThrow(/only of use together/);
  });

  it("describes every setting", () => {
    for (const schema of Object.values(natsSettingSchemas)) expect(schema.description).toBeTruthy();
  });

  it("works with servers from 2.9 on", () => {
    for (const version of ["2.9.0", "2.9.10", "2.12.1", "2.14.0-RC.1", "3.0.0"])
      expect(isRecentEnough(version)).toBe(true);
    for (const version of ["2.8.4", "1.9.9", ""]) expect(isRecentEnough(version)).toBe(false);
  });
});

describe("rights in a server's configuration", () => {
  const passwords = { pod: "a1", worker: "b2", workflow: "c3", monitor: "d4" };

  it("names each service with its password and rights", () => {
    const text = natsAuthorization(passwords);
    expect(text).toContain('user: "pod", password: "a1"');
    expect(text).toContain("allow_responses: true");
    expect(natsAuthorization(passwords, 2)).toContain('"$JS.API.STREAM.CREATE.JOURNAL_1"');
    expect(text).not.toContain("JOURNAL_1");
  });

  it("refuses passwords that the server would read as something else", () => {
    for (const password of ["", 'a"b', "a\\b", "a\nb", "$2a$11$hash", "with space"]) {
      expect(() => natsAuthorization({ ...passwords, pod: password })).toThrow(RangeError);
    }
  });

  it("gives nobody everything", () => {
    for (const service of ["pod", "worker", "workflow", "monitor"] as const) {
      const { publish, subscribe } = natsPermissions(service);
      const all = [...publish, ...subscribe];
      expect(all.filter((subject) => /^(>|\*|chat\.>|\$JS\.>|\$JS\.API\.>|\$SYS)/.test(subject))).toEqual([]);
      expect(new Set(publish).size).toBe(publish.length);
    }
  });
});

describe("what the server's word about an append means", () => {
  const errors: unknown[] = [];
  const outcome = (answer: object) =>
    appendOutcome(storeReplyOf(JSON.stringify(answer)), (error) => errors.push(error));
  const refusal = (err_code: number, description = "", code = 400) => ({ error: { code, err_code, description } });

  it("is one line of the table", () => {
    expect(outcome({ stream: "A", seq: 7 })).toEqual({ kind: "committed", sequence: 7 });
    expect(outcome({ stream: "A", seq: 7, duplicate: true })).toEqual({ kind: "duplicate", sequence: 7 });
    for (const code of [10071, 10164, 10158]) expect(outcome(refusal(code))).toEqual({ kind: "moved" });
    for (const code of [10002, 10023, 10028, 10047]) expect(outcome(refusal(code))).toEqual({ kind: "full" });
    expect(outcome(refusal(10077, "maximum bytes exceeded", 503))).toEqual({ kind: "full" });
    expect(outcome(refusal(10008, "temporarily unavailable", 503))).toEqual({ kind: "unknown" });
    expect(appendOutcome({ kind: "none" }, () => undefined)).toEqual({ kind: "unknown" });
    expect(errors).toEqual([]);
  });

  it("is unknown and reported when nobody expects it", () => {
    expect(outcome(refusal(10077, "store is closed"))).toEqual({ kind: "unknown" });
    expect(outcome({ hello: "world" })).toEqual({ kind: "unknown" });
    expect(errors).toHaveLength(2);
    expect(storeReplyOf("no JSON").kind).toBe("impossible");
  });
});

describe("clocks", () => {
  it("may differ by 30 s", () => {
    expect(clockFault(1_000, 0, 500)).toBeNull();
    expect(clockFault(100_000, 130_000, 130_100)).toBeNull();
    expect(clockFault(100_000, 130_001, 130_100)).toMatch(/30 s behind/);
    expect(clockFault(100_000, 9_000, 10_000)).toMatch(/90 s ahead of/);
  });
});
