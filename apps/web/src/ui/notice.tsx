import { useEffect } from "react";
import { create } from "zustand";
import { correlationIdOf } from "../language/problem.ts";
import { Reference } from "./reference.tsx";

type Notice = {
  readonly id: number;
  readonly text: string;
  /** What can be done about it. */
  readonly action: { readonly label: string; readonly run: () => void } | null;
  readonly shownMs: number;
  /** What went wrong; null where nothing did. */
  readonly problem: unknown;
};

const useNotices = create<{ notice: Notice | null }>(() => ({ notice: null }));
let lastId = 0;

/** Shows one quiet line at the foot of the page; it takes the place of the one before. Returns how to take it away. */
export function showNotice(text: string, action: Notice["action"] = null, shownMs = 6_000): () => void {
  return show({ text, action, shownMs, problem: null });
}

/** The same for something that did not work; longer, where there is an id to copy. */
export function showFailure(text: string, problem: unknown, action: Notice["action"] = null): () => void {
  return show({ text, action, shownMs: correlationIdOf(problem) === null ? 6_000 : 15_000, problem });
}

function show(fields: Omit<Notice, "id">): () => void {
  lastId++;
  const id = lastId;
  useNotices.setState({ notice: { id, ...fields } });
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
          <span className="min-w-0">
            {notice.text}
            <Reference problem={notice.problem} />
          </span>
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
