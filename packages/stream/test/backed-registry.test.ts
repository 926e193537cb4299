import { beforeEach, describe, expect, it } from "vitest";
import { sessionRegistryConformance } from "../conformance/index.ts";
import { BackedSessionRegistry, type BackingRegistry } from "../src/index.ts";
import { MemorySessionRegistry } from "../src/memory/index.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A registry in memory that can be made unreachable. */
class TestRegistry extends MemorySessionRegistry implements BackingRegistry {
  away = false;
  readonly forgotten: string[] = [];
  sweeps = 0;

  override async register(...given: Parameters<MemorySessionRegistry["register"]>): Promise<void> {
    this.#reach();
    return super.register(...given);
  }

  override async find(...given: Parameters<MemorySessionRegistry["find"]>) {
    this.#reach();
    return super.find(...given);
  }

  override async renew(...given: Parameters<MemorySessionRegistry["renew"]>): Promise<boolean> {
    this.#reach();
    return super.renew(...given);
  }

  override async deregister(...given: Parameters<MemorySessionRegistry["deregister"]>): Promise<void> {
    this.#reach();
    return super.deregister(...given);
  }

  override async sweep(): Promise<readonly string[]> {
    this.#reach();
    this.sweeps++;
    return super.sweep();
  }

  async forgetPods(podIds: readonly string[]): Promise<void> {
    this.#reach();
    this.forgotten.push(...podIds);
  }

  #reach(): void {
    if (this.away) throw new Error("away");
  }
}

sessionRegistryConformance("one behind another", async () => {
  const clock = new VirtualClock();
  const failed = (error: unknown) => {
    throw error;
  };
  const registry = new BackedSessionRegistry(new MemorySessionRegistry(clock), new TestRegistry(clock), failed);
  return { registry, pass: (durationMs) => clock.run(durationMs) };
});

describe("a registry with another behind it", () => {
  let clock: VirtualClock;
  let first: TestRegistry;
  let second: TestRegistry;
  let failures: unknown[];
  let registry: BackedSessionRegistry;
  const connection = [{ connection_id: "c1", session_id: "s1" }];

  beforeEach(() => {
    clock = new VirtualClock();
    first = new TestRegistry(clock);
    second = new TestRegistry(clock);
    failures = [];
    registry = new BackedSessionRegistry(first, second, (error) => failures.push(error));
  });

  it("R1 tells both, and the first alone is asked", async () => {
    await registry.renew("pod-a", null);
    await registry.register("pod-a", connection);
    expect([...(await second.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
    second.away = true;
    expect([...(await registry.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
    second.away = false;
    await registry.deregister("pod-a", connection);
    expect((await second.find(["s1"])).get("s1")?.size).toBe(0);
    expect(failures).toEqual([]);
  });

  it("R1 tells the second also while the first is away", async () => {
    first.away = true;
    await expect(registry.register("pod-a", connection)).rejects.toThrow("away");
    await expect(registry.renew("pod-a", null)).rejects.toThrow("away");
    await expect(registry.find(["s1"])).rejects.toThrow("away");
    expect([...(await second.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
    await expect(registry.sweep()).rejects.toThrow("away");
    expect(second.sweeps).toBe(1);
  });

  it("R1 reports failures of the second, and nobody else hears of them", async () => {
    second.away = true;
    await registry.register("pod-a", connection);
    expect(await registry.renew("pod-a", connection)).toBe(true);
    await registry.deregister("pod-a", connection);
    expect(await registry.sweep()).toEqual([]);
    expect(failures).toHaveLength(4);
  });

  it("R4 lets the second forget at once whom the first has swept out", async () => {
    await registry.renew("pod-a", connection);
    await clock.run(35_000);
    expect(await registry.sweep()).toEqual(["pod-a"]);
    expect(second.forgotten).toEqual(["pod-a"]);
    expect(await registry.sweep()).toEqual([]);
    expect(second.forgotten).toEqual(["pod-a"]);
  });
});
