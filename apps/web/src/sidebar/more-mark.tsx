import { useEffect, useRef } from "react";

/** Stands at the end of what is loaded and says when it comes into sight. */
export function MoreMark({ onSight, busy }: { readonly onSight: () => void; readonly busy: boolean }) {
  const mark = useRef<HTMLDivElement>(null);
  const latest = useRef(onSight);
  latest.current = onSight;
  useEffect(() => {
    if (busy || mark.current === null) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) latest.current();
    });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [busy]);
  return <div ref={mark} className="h-9" />;
}
