import { useText } from "../language/language.ts";
import { RichText } from "../language/rich-text.tsx";
import { CopyButton } from "../ui/copy-button.tsx";

const ways = [
  { name: "OpenAI", line: "OPENAI_API_KEY=…" },
  { name: "Anthropic", line: "ANTHROPIC_API_KEY=…" },
  { name: null, line: "OPENAI_COMPATIBLE_BASE_URL=http://127.0.0.1:11434/v1" },
] as const;

const places = {
  file: (
    <code dir="ltr" className="font-mono text-[12px]">
      .env
    </code>
  ),
};

/** Who answers as long as nobody has added a model, and how one is added. */
export function FirstRun() {
  const text = useText();
  return (
    <section
      aria-label={text("composer.first_run")}
      data-testid="first-run"
      className="mt-8 rounded-large border border-line p-4"
    >
      <h2 className="text-side font-semibold">{text("composer.first_run")}</h2>
      <p className="mt-1 text-side text-soft">{text("composer.first_run_now")}</p>
      <p className="mt-3 text-side text-soft">
        <RichText of="composer.first_run_add" with={places} />
      </p>
      <ul className="mt-2">
        {ways.map(({ name, line }) => (
          <li key={line} className="flex flex-wrap items-center gap-x-3 border-t border-line py-1 first:border-0">
            <span className="w-full text-caption text-faint sm:w-40">{name ?? text("composer.first_run_local")}</span>
            <code dir="ltr" className="min-w-0 flex-1 truncate font-mono text-[12.5px]">
              {line}
            </code>
            <CopyButton text={() => line} />
          </li>
        ))}
      </ul>
    </section>
  );
}
