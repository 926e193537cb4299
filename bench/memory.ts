import type { Program } from "../tools/cluster/index.ts";

export type Memory = { readonly residentBytes: number; readonly heapBytes: number };
export type MemorySample = { readonly minute: number; readonly byName: Readonly<Record<string, Memory>> };

/** Resident memory and used heap of pods and workers, as they say themselves on `/metrics`. */
export async function memoryOf(programs: readonly Program[]): Promise<Readonly<Record<string, Memory>>> {
  const entries = programs.map(async ({ name, url }) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return [
      name,
      {
        residentBytes: metric(text, "process_resident_memory_bytes"),
        heapBytes: metric(text, "nodejs_heap_size_used_bytes"),
      },
    ] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The value of a metric without labels; NaN when it is not there. */
export function metric(text: string, name: string): number {
  const line = new RegExp(`^${name} (\\S+)$`, "m").exec(text);
  return Number(line?.[1]);
}

/** A line a sample: resident memory in MB, used heap in brackets. */
export function memoryTable(samples: readonly MemorySample[]): string {
  const names = Object.keys(samples[0]?.byName ?? {});
  const megabytes = (bytes: number) => String(Math.round(bytes / 1_000_000));
  const rows = samples.map(({ minute, byName }) => [
    `minute ${minute.toFixed(1)}`,
    ...names.map((name) => `${megabytes(byName[name]!.residentBytes)} (${megabytes(byName[name]!.heapBytes)})`),
  ]);
  return [["MB (heap)", ...names], ...rows].map((row) => row.map((cell) => cell.padEnd(14)).join("")).join("\n");
}
