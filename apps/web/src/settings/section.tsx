import type { ReactNode } from "react";

type SectionProps = { readonly title: string; readonly words?: string; readonly children: ReactNode };

/** One matter of a settings page. */
export function Section({ title, words, children }: SectionProps) {
  return (
    <section className="border-b border-line pb-6 not-first:pt-5 last:border-0 last:pb-0">
      <h3 className="text-side font-semibold">{title}</h3>
      {words !== undefined && <p className="mt-0.5 text-caption text-faint">{words}</p>}
      <div className="mt-3">{children}</div>
    </section>
  );
}
