import { useText } from "../language/language.ts";
import { correlationIdOf } from "../language/problem.ts";
import { CopyButton } from "./copy-button.tsx";

/** The id under which the server's log knows what went wrong, to hand on to whoever runs it; nothing where there is none. */
export function Reference({ problem }: { readonly problem: unknown }) {
  const text = useText();
  const id = correlationIdOf(problem);
  if (id === null) return null;
  return (
    <span data-testid="reference" className="flex min-w-0 items-center gap-1 text-caption font-normal text-faint">
      <span className="min-w-0 wrap-anywhere">
        {text("shell.reference")}{" "}
        <bdi dir="ltr" className="font-mono select-all">
          {id}
        </bdi>
      </span>
      <CopyButton text={() => id} label={text("shell.copy_reference")} />
    </span>
  );
}
