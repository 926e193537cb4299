import { MessageCircleDashed } from "lucide-react";
import { useText } from "../language/language.ts";

/** What is there before the first message of a temporary chat: what it means that it is one. */
export function TemporaryState() {
  const text = useText();
  return (
    <div className="mx-auto flex min-h-full w-full max-w-[46rem] flex-col justify-end px-4 pt-10 pb-6 sm:justify-center sm:pb-[12dvh]">
      <MessageCircleDashed size={28} strokeWidth={1.5} className="text-accent" aria-hidden />
      <h1 className="mt-4 text-[26px] leading-9 font-semibold tracking-[-0.02em]">
        {text("composer.temporary_title")}
      </h1>
      <p className="mt-2 max-w-[34rem] text-soft">{text("composer.temporary_text")}</p>
    </div>
  );
}
