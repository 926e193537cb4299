import { Search, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useText } from "../language/language.ts";
import { IconButton } from "../ui/icon-button.tsx";

/** Keys pressed within this time are one question. */
const pauseMs = 140;

type SearchFieldProps = {
  /** What is looked for; empty: nothing. */
  readonly onSearch: (query: string) => void;
};

/** Where one types what one looks for. */
export function SearchField({ onSearch }: SearchFieldProps) {
  const text = useText();
  const [value, setValue] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const query = value.trim();
    const timer = setTimeout(() => onSearch(query), query === "" ? 0 : pauseMs);
    return () => clearTimeout(timer);
  }, [value, onSearch]);
  const clear = () => {
    setValue("");
    field.current?.focus();
  };
  return (
    <search className="relative block">
      <Search
        size={16}
        strokeWidth={1.75}
        aria-hidden
        className="pointer-events-none absolute start-3 top-2.5 text-faint touch:top-3.5"
      />
      <input
        ref={field}
        type="text"
        enterKeyHint="search"
        data-testid="search"
        aria-label={text("sidebar.search")}
        placeholder={text("sidebar.search")}
        maxLength={200}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && value !== "") {
            event.stopPropagation();
            clear();
          }
          if (event.key === "ArrowDown") {
            event.preventDefault();
            document.querySelector<HTMLElement>("[data-side-list] [data-roving]")?.focus();
          }
        }}
        className="h-9 w-full rounded-small bg-transparent ps-[38px] pe-9 text-side placeholder:text-soft hover:bg-hover focus:bg-page touch:h-11"
      />
      {value !== "" && (
        <IconButton
          small
          label={text("sidebar.search_clear")}
          icon={<X size={15} aria-hidden />}
          onClick={clear}
          className="absolute end-1 top-1 touch:top-0.5"
        />
      )}
    </search>
  );
}
