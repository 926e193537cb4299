const dayMs = 24 * 60 * 60 * 1000;

/** How numbers and times are written in one locale. */
export type Formats = {
  readonly number: (value: number, options?: Intl.NumberFormatOptions) => string;
  readonly date: (date: Date, options: Intl.DateTimeFormatOptions) => string;
  /** As people say a day: "today", "yesterday", "12 March", with the year where it is another one. */
  readonly day: (date: Date, now: Date) => string;
  /** "3 minutes ago", in the largest unit that fits. */
  readonly ago: (date: Date, now: Date) => string;
};

/** Formats of one locale; `Intl` objects are dear to make: made once, and not before they are needed. */
export function createFormats(locale: string): Formats {
  const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();
  const once = <Made extends Intl.NumberFormat | Intl.DateTimeFormat>(
    name: string,
    options: object,
    make: () => Made,
  ) => {
    const key = name + JSON.stringify(options);
    const known = (made.get(key) as Made | undefined) ?? make();
    made.set(key, known);
    return known;
  };
  let relative: Intl.RelativeTimeFormat | undefined;
  const ago = (count: number, unit: Intl.RelativeTimeFormatUnit) => {
    relative ??= new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
    return relative.format(count, unit);
  };
  const date = (value: Date, options: Intl.DateTimeFormatOptions) =>
    once("date", options, () => new Intl.DateTimeFormat(locale, options)).format(value);
  return {
    number: (value, options = {}) =>
      once("number", options, () => new Intl.NumberFormat(locale, options)).format(value),
    date,
    day: (value, now) => {
      const days = Math.round((startOfDay(value) - startOfDay(now)) / dayMs);
      if (days === 0 || days === -1) return ago(days, "day");
      const sameYear = value.getFullYear() === now.getFullYear();
      return date(value, { day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) });
    },
    ago: (value, now) => {
      const seconds = Math.round((value.getTime() - now.getTime()) / 1000);
      const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? (["second", 1] as const);
      return ago(Math.trunc(seconds / size), unit);
    },
  };
}

/** The first instant of a day, in the time zone of the machine; milliseconds since the epoch. */
export function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

const steps = [
  ["year", 365 * 24 * 3600],
  ["month", 30 * 24 * 3600],
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
] as const;
