import fs from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type InstanceLock, takeInstanceLock } from "../embedded/instance-lock.ts";
import { temporaryFolder } from "./folders.ts";

const taken: InstanceLock[] = [];

async function take(file: string): Promise<InstanceLock> {
  const lock = await takeInstanceLock(file, path.dirname(file));
  taken.push(lock);
  return lock;
}

function refusalOf(file: string): Promise<unknown> {
  return take(file).catch((error: unknown) => error);
}

/** The lock this process would write, with some of it changed. */
async function lockLike(file: string, change: Record<string, unknown>): Promise<void> {
  const lock = await take(file);
  const own = JSON.parse(fs.readFileSync(file, "utf8"));
  lock.release();
  fs.writeFileSync(file, JSON.stringify({ ...own, ...change }));
}

function age(file: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  fs.utimesSync(file, then, then);
}

afterEach(() => {
  for (const lock of taken.splice(0)) lock.release();
});

describe("the lock of a data folder", () => {
  it("is held until it is released", async () => {
    const file = path.join(temporaryFolder(), "lock");
    const lock = await take(file);
    expect(await refusalOf(file)).toMatchObject({ reason: "in_use" });
    lock.release();
    expect(fs.existsSync(file)).toBe(false);
    await take(file);
  });

  it("of a process that is gone, or whose number another has by now, is taken over", async () => {
    const file = path.join(temporaryFolder(), "lock");
    for (const change of [{ pid: 2 ** 22 + 1 }, { started: "1" }]) {
      await lockLike(file, change);
      (await take(file)).release();
    }
  });

  it("that was torn in writing is taken over after a while", async () => {
    const file = path.join(temporaryFolder(), "lock");
    fs.writeFileSync(file, '{"pi');
    age(file, 60);
    await take(file);
  });

  it("of another machine is taken over when it is silent", async () => {
    const file = path.join(temporaryFolder(), "lock");
    await lockLike(file, { place: "elsewhere" });
    age(file, 60);
    await take(file);
  });

  it("of another machine that shows signs of life is respected", async () => {
    const file = path.join(temporaryFolder(), "lock");
    await lockLike(file, { place: "elsewhere", pid: 77 });
    const beats = setInterval(() => age(file, 0), 300);
    try {
      expect(await refusalOf(file)).toMatchObject({ reason: "in_use", message: expect.stringContaining("process 77") });
    } finally {
      clearInterval(beats);
    }
  });

  it("left behind goes to one of many who want it", async () => {
    const file = path.join(temporaryFolder(), "lock");
    await lockLike(file, { pid: 2 ** 22 + 1 });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => refusalOf(file)));
    expect(outcomes.filter((outcome) => outcome instanceof Error)).toHaveLength(19);
  });
});
