import { useText } from "../language/language.ts";
import type { PlainMessageKey } from "../language/text.ts";
import { useChosenModel } from "../settings/use-model.tsx";
import { focusComposer } from "./chat-ui.ts";
import { setDraft } from "./draft.ts";
import { FirstRun } from "./first-run.tsx";

type Opener = { readonly title: PlainMessageKey; readonly text: PlainMessageKey; readonly ending?: string };

const openers: readonly Opener[] = [
  { title: "composer.explain_title", text: "composer.explain_text" },
  { title: "composer.improve_title", text: "composer.improve_text", ending: "\n\n" },
  { title: "composer.think_title", text: "composer.think_text", ending: "\n\n" },
  { title: "composer.code_title", text: "composer.code_text" },
];

/** What the built-in conversation partner is good for. */
const offlineOpeners: readonly Opener[] = [
  { title: "composer.today_title", text: "composer.today_text" },
  { title: "composer.mind_title", text: "composer.mind_text" },
  { title: "composer.decision_title", text: "composer.decision_text" },
  { title: "composer.stream_title", text: "composer.stream_text" },
];

/** What is there before the first message. */
export function EmptyState() {
  const text = useText();
  const { option, onlyOffline, pending } = useChosenModel();
  return (
    <div className="mx-auto flex min-h-full w-full max-w-[46rem] flex-col justify-end px-4 pt-10 pb-6 sm:justify-center sm:pb-[12dvh]">
      <h1 className="text-[26px] leading-9 font-semibold tracking-[-0.02em]">{text(greeting(new Date()))}</h1>
      <p className="mt-1 text-soft">{text("composer.what_shall_we")}</p>
      {/* What to propose depends on who answers; until that is known the place is kept, so that nothing changes under a hand. */}
      <ul
        data-testid="openers"
        className={`mt-8 grid grid-cols-1 border-t border-line sm:grid-cols-2 sm:gap-x-8 ${pending ? "invisible" : ""}`}
      >
        {(onlyOffline ? offlineOpeners : openers).map(({ title, text: opening, ending = "" }) => (
          <li key={title} className="border-b border-line">
            <button
              type="button"
              className="group flex w-full flex-col items-start rounded-small py-3 text-start"
              onClick={() => {
                setDraft(null, text(opening) + ending);
                focusComposer();
              }}
            >
              <span className="text-[15px] leading-6 font-medium group-hover:text-accent">{text(title)}</span>
              <span className="line-clamp-1 text-side text-faint">{text(opening).trim()}</span>
            </button>
          </li>
        ))}
      </ul>
      {onlyOffline && option !== null && <FirstRun />}
    </div>
  );
}

function greeting(now: Date) {
  const hour = now.getHours();
  if (hour >= 5 && hour < 12) return "composer.good_morning";
  return hour >= 12 && hour < 18 ? "composer.good_afternoon" : "composer.good_evening";
}
