import { useChosenModel } from "../settings/use-model.ts";
import { focusComposer } from "./chat-ui.ts";
import { setDraft } from "./draft.ts";

type Opener = { readonly title: string; readonly text: string };

const openers: readonly Opener[] = [
  { title: "Explain something", text: "Explain to me, with one everyday example, how " },
  { title: "Improve a text", text: "Make this text clearer and shorter. Keep its meaning and tone:\n\n" },
  { title: "Think it through", text: "Help me decide. The options are these, and this is what matters to me:\n\n" },
  { title: "Write some code", text: "Write a small, tested function that " },
];

/** What the built-in conversation partner is good for. */
const offlineOpeners: readonly Opener[] = [
  { title: "Talk about today", text: "I would like to talk about my day." },
  { title: "Something on my mind", text: "Something keeps going through my mind." },
  { title: "A decision", text: "I have to decide something and I am not sure." },
  { title: "Try the stream", text: "Tell me a long story, so that I can watch it arrive." },
];

/** What is there before the first message. */
export function EmptyState() {
  const { option, onlyOffline } = useChosenModel();
  return (
    <div className="mx-auto flex min-h-full w-full max-w-[46rem] flex-col justify-end px-4 pt-10 pb-6 sm:justify-center sm:pb-[12dvh]">
      <h1 className="text-[26px] leading-9 font-semibold tracking-[-0.02em]">{greeting(new Date())}</h1>
      <p className="mt-1 text-soft">What shall we look at?</p>
      <ul className="mt-8 grid grid-cols-1 border-t border-line sm:grid-cols-2 sm:gap-x-8">
        {(onlyOffline ? offlineOpeners : openers).map(({ title, text }) => (
          <li key={title} className="border-b border-line">
            <button
              type="button"
              className="group flex w-full flex-col items-start rounded-small py-3 text-left"
              onClick={() => {
                setDraft(null, text);
                focusComposer();
              }}
            >
              <span className="text-[15px] leading-6 font-medium group-hover:text-accent">{title}</span>
              <span className="line-clamp-1 text-side text-faint">{text.trim()}</span>
            </button>
          </li>
        ))}
      </ul>
      {onlyOffline && option !== null && (
        <p className="mt-6 text-caption text-faint">
          Only the built-in program answers here. To add a model, put <Setting name="OPENAI_API_KEY" />,{" "}
          <Setting name="ANTHROPIC_API_KEY" /> or <Setting name="OPENAI_COMPATIBLE_BASE_URL" /> into the server’s file{" "}
          <Setting name=".env" />.
        </p>
      )}
    </div>
  );
}

function Setting({ name }: { readonly name: string }) {
  return <code className="font-mono text-[12px]">{name}</code>;
}

function greeting(now: Date): string {
  const hour = now.getHours();
  if (hour >= 5 && hour < 12) return "Good morning";
  return hour >= 12 && hour < 18 ? "Good afternoon" : "Good evening";
}
