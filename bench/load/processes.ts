import fs from "node:fs";

/** Of the kernel's clock ticks in `/proc/PID/stat`; 100 a second on every Linux that Node runs on. */
const tickMicroseconds = 10_000;

/** CPU time a process has used, all its threads, in microseconds. Throws when there is no such process. */
export function cpuMicroseconds(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in brackets may hold anything, so fields are counted from its end on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMicroseconds;
}

/** Memory that belongs to a process alone, and its share of what it has in common with others, in bytes. */
export function proportionalBytes(pid: number): number {
  const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024;
}

/** CPU time that several processes use while something is done, in microseconds, by their names. */
export class CpuWatch<Name extends string> {
  readonly #pids: Readonly<Record<Name, number>>;
  readonly #before: Readonly<Record<Name, number>>;

  constructor(pids: Readonly<Record<Name, number>>) {
    this.#pids = pids;
    this.#before = this.#read();
  }

  used(): Readonly<Record<Name, number>> {
    const now = this.#read();
    const names = Object.keys(this.#pids) as Name[];
    return Object.fromEntries(names.map((name) => [name, now[name] - this.#before[name]])) as Record<Name, number>;
  }

  #read(): Record<Name, number> {
    const entries = Object.entries(this.#pids) as [Name, number][];
    return Object.fromEntries(entries.map(([name, pid]) => [name, cpuMicroseconds(pid)])) as Record<Name, number>;
  }
}
