import fs from "node:fs";

/** Sends a signal to a process, to its process group if it leads one, and to all it has started, as far as that can be seen. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  // Frozen from the top: a parent that still runs would start new ones in place of those that are gone.
  for (const target of [pid, -pid, ...descendants(pid)]) {
    try {
      process.kill(target, signal);
    } catch {
      // It has ended meanwhile, or is no group.
    }
  }
}

/** Whether a process and all it has started stand still, every thread of them, as far as that can be seen. */
export function standsStill(pid: number): boolean {
  return [pid, ...descendants(pid)].every((one) =>
    namesIn(`/proc/${one}/task`).every((thread) => isStill(one, thread)),
  );
}

function isStill(pid: number, thread: string): boolean {
  const state = fieldsOf(`${pid}/task/${thread}`)?.[0];
  // A dead one that its parent, frozen itself, has not looked at yet does nothing either.
  return state === undefined || "TtZX".includes(state);
}

/** Processes started by this one, directly or not; none where the system has no /proc. */
export function descendants(pid: number): readonly number[] {
  const parents = parentsOfAll();
  const found: number[] = [];
  const open = [pid];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    const children = [...parents].filter(([, of]) => of === parent).map(([child]) => child);
    found.push(...children);
    open.push(...children);
  }
  return found;
}

function parentsOfAll(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of namesIn("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== null) parents.set(Number(name), parent);
  }
  return parents;
}

function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function parentOf(pid: string): number | null {
  const fields = fieldsOf(pid);
  return fields === null ? null : Number(fields[1]);
}

/** State, parent and what follows of a process or thread; null when it has ended. */
function fieldsOf(place: string): readonly string[] | null {
  try {
    const stat = fs.readFileSync(`/proc/${place}/stat`, "utf8");
    // Counted after the program's name, which may itself hold blanks and parentheses.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
