import { useProblemText } from "../language/problem.ts";
import { classNames } from "./class-names.ts";
import { Reference } from "./reference.tsx";

type ProblemLineProps = {
  /** What did not work; null: nothing. */
  readonly problem: unknown;
  /** The sentence, where the page knows a better one than the problem has. */
  readonly words?: string | null;
  readonly className?: string;
};

/** Why a form did not get through. Always on the page, so that what comes to stand there is read out. */
export function ProblemLine({ problem, words = null, className }: ProblemLineProps) {
  const problemText = useProblemText();
  const sentence = words ?? (problem === null ? "" : problemText(problem));
  return (
    <div role="alert" className={classNames("text-side text-danger empty:hidden", className)}>
      {sentence !== "" && (
        <>
          {sentence}
          <Reference problem={problem} />
        </>
      )}
    </div>
  );
}
