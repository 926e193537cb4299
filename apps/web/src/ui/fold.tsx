import { ChevronRight } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { classNames } from "./class-names.ts";

type FoldProps = {
  /** What the line says; told whether it is open. */
  readonly line: (open: boolean) => ReactNode;
  readonly className?: string;
  readonly testId: string;
  readonly children: ReactNode;
};

/** One quiet line that opens to what stands behind it. */
export function Fold({ line, className, testId, children }: FoldProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <div className={className} data-testid={testId}>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
        className="-ms-1 flex max-w-full items-center gap-1 rounded-small pe-2 text-side text-faint hover:text-soft touch:min-h-11"
      >
        <ChevronRight
          size={16}
          aria-hidden
          className={classNames(
            "shrink-0 transition-transform duration-150 rtl:-scale-x-100",
            open && "rotate-90 rtl:-rotate-90",
          )}
        />
        {line(open)}
      </button>
      <div id={id} hidden={!open} className="ms-[7px] mt-1 border-s border-line ps-4">
        {children}
      </div>
    </div>
  );
}
