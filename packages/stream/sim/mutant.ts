/** One change of one file under packages/stream; `find` stands in it exactly once. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/** A rule switched off by changing the program's text, so that the program itself has no switches. */
export type Mutant = {
  readonly name: string;
  /** What is not kept any more, in the words of SPEC.md or the protocol. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** Changes of limits and of how often faults are dealt, which make what the rule is for frequent; no rule is off by them. */
  readonly setting?: readonly Edit[];
  /** In which world it is looked at; absent: that of journals. */
  readonly world?: "plain";
  /** A seed whose schedule breaks an invariant without the rule, and breaks none with it. */
  readonly seed: number;
};

/** Deals some faults more often. */
export function often(...kinds: string[]): Edit[] {
  return [
    {
      file: "sim/plan.ts",
      find: "const totalWeight =",
      replace: `Object.assign(weights, ${JSON.stringify(Object.fromEntries(kinds.map((kind) => [kind, 60])))});\nconst totalWeight =`,
    },
  ];
}

export const late: Edit = {
  file: "sim/fault-injector.ts",
  find: "random.between(20, 1_500)",
  replace: "random.between(3_000, 20_000)",
};
export const long: Edit = {
  file: "sim/plan.ts",
  find: "const isLong = random.chance(0.03);",
  replace: "const isLong = true;",
};
