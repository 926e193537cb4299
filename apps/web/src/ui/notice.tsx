import { useEffect } from "react";
import { create } from "zustand";

type Notice = {
  readonly id: number;
  readonly text: string;
  /** What can be done about it. */
  readonly action: { readonly label: string; readonly run: () => void } | null;
  readonly shownMs: number;
};

const useNotices = create<{ notice: Notice | null }>(() => ({ notice: null }));
let lastId = 0;

/** Shows one quiet line at the foot of the page; it takes the place of the one before. Returns how to take it away. */
export function showNotice(text: string, action: Notice["action"] = null, shownMs = 6_000): () => void {
  lastId++;
  const id = lastId;
  useNotices.setState({ notice: { id, text, action, shownMs } });
  return () => useNotices.setState(({ notice }) => (notice?.id === id ? { notice: null } : { notice }));
}

/** The place where notices appear, above what it stands in front of; once on the page. */
export function NoticePlace() {
  const notice = useNotices((state) => state.notice);
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => useNotices.setState({ notice: null }), notice.shownMs);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div
      role="status"
      className="pointer-events-none absolute inset-x-0 bottom-full z-20 mb-3 flex justify-center px-4"
    >
      {notice !== null && (
        <div
          key={notice.id}
          data-testid="notice"
          className="pointer-events-auto flex items-center gap-3 rounded-large border border-line bg-raised py-2 pe-2 ps-4 text-side shadow-float animate-rise"
        >
          {notice.text}
          {notice.action !== null && (
            <button
              type="button"
              className="rounded-small px-2.5 py-1 font-medium text-accent hover:bg-hover touch:min-h-11"
              onClick={() => {
                notice.action?.run();
                useNotices.setState({ notice: null });
              }}
            >
              {notice.action.label}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
