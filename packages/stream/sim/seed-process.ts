import { registerHooks } from "node:module";
import { mutants } from "./mutants.ts";

/** What a process of the simulation is to do: seeds from `first` on, every `stride`th, `count` of them. */
export type SeedTask = {
  readonly first: number;
  readonly stride: number;
  readonly count: number;
  /** A rule to be switched off, by its name. */
  readonly mutant: string | null;
  /** Whose answers are looked at: our workers', or plain workflows'. */
  readonly world: "journaled" | "plain";
  /** Whether the rule itself is off, or only the setting in which its mutant is looked at is made. */
  readonly isRuleOff: boolean;
  /** Stop at the first seed that breaks a rule. */
  readonly untilBroken: boolean;
};

export type BrokenSeed = { readonly seed: number; readonly rule: string; readonly what: string };

export type SeedReport = {
  readonly schedules: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly broken: readonly BrokenSeed[];
  readonly faults: readonly (readonly [string, number])[];
  readonly isDone: boolean;
};

const reportEvery = 200;

/** Changes the text of the modules a mutant names, on their way to being loaded. */
function mutate(name: string, isRuleOff: boolean): void {
  const mutant = mutants.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const all = [...(mutant.setting ?? []), ...(isRuleOff ? mutant.edits : [])];
      const edits = all.filter(({ file }) => url === new URL(`../${file}`, import.meta.url).href);
      if (edits.length === 0) return loaded;
      let source = String(loaded.source);
      for (const { find, replace } of edits) source = source.replace(find, () => replace);
      return { ...loaded, source };
    },
  });
}

async function work(task: SeedTask, report: (report: SeedReport) => void): Promise<void> {
  if (task.mutant !== null) mutate(task.mutant, task.isRuleOff);
  const { runSchedule, runPlainSchedule } = await import("./index.ts");
  const run = task.world === "plain" ? runPlainSchedule : runSchedule;
  let schedules = 0;
  let steps = 0;
  let virtualMs = 0;
  let broken: BrokenSeed[] = [];
  let faults = new Map<string, number>();
  const tell = (isDone: boolean) => {
    report({ schedules, steps, virtualMs, broken, faults: [...faults], isDone });
    schedules = steps = virtualMs = 0;
    broken = [];
    faults = new Map();
  };
  for (let index = 0; index < task.count; index++) {
    const seed = task.first + index * task.stride;
    const result = await run(seed);
    schedules++;
    steps += result.steps;
    virtualMs += result.durationMs;
    for (const [kind, times] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + times);
    const [violation] = result.violations;
    if (violation !== undefined) broken.push({ seed, rule: violation.rule, what: violation.what });
    if (violation !== undefined && task.untilBroken) break;
    if (schedules >= reportEvery) tell(false);
  }
  tell(true);
}

if (process.send !== undefined) {
  process.once("message", (task) => {
    void work(task as SeedTask, (report) => process.send?.(report)).then(() => process.disconnect());
  });
}
