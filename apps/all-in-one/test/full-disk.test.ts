import fs from "node:fs";
import path from "node:path";
import { takeInstanceLock } from "@uci/adapters/postgres";
import { SettingError } from "@uci/adapters/settings";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeRecord } from "../src/folder-record.ts";
import { keptSecret } from "../src/secret.ts";
import { temporaryFolder } from "./fixture.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  // As on a full disk: the file is made, and takes nothing. The system does not say where.
  vi.spyOn(fs, "writeFileSync").mockImplementation((file, _data, options) => {
    const flag = typeof options === "object" ? options?.flag : undefined;
    fs.closeSync(fs.openSync(file as string, flag ?? "w"));
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true, force: true });
});

function failureOf(write: () => unknown): Error {
  try {
    write();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was written");
}

describe("a start on a full disk", () => {
  it.each([
    ["the record of the data folder", () => writeRecord(folder, { database: "none" })],
    ["the secret", () => keptSecret(folder)],
  ])("%s: says in one sentence which folder is full", (_name, write) => {
    const error = failureOf(write);
    expect(error).toBeInstanceOf(SettingError);
    expect(error.message).toBe(
      `There is no space left in the data folder ${folder} (ENOSPC); make room there, or choose another with --data.`,
    );
  });

  it("leaves no record half written, which a later start would find", () => {
    failureOf(() => writeRecord(folder, { database: "none" }));
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it("the lock: says it too, and leaves none that a later start would wait for", async () => {
    const lockFile = path.join(folder, "lock");
    await expect(takeInstanceLock(lockFile, folder)).rejects.toMatchObject({
      reason: "disk_full",
      message: `There is no space left for the database in ${folder}.`,
    });
    expect(fs.existsSync(lockFile)).toBe(false);
  });
});
