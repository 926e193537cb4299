import type { Mutant } from "./mutant.ts";
import { plainMutants } from "./plain-mutants.ts";
import { readerMutants } from "./reader-mutants.ts";
import { workerMutants } from "./worker-mutants.ts";

/** Every rule that can be switched off, and a seed that shows that the checker sees it. */
export const mutants: readonly Mutant[] = [...workerMutants, ...readerMutants, ...plainMutants];
