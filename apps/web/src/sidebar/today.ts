import { useEffect, useState } from "react";

/** The current day; changes at midnight, so that a page left open does not call yesterday today. */
export function useToday(): Date {
  const [today, setToday] = useState(() => new Date());
  useEffect(() => {
    const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1).getTime();
    const timer = setTimeout(() => setToday(new Date()), Math.max(1_000, midnight - Date.now() + 1_000));
    return () => clearTimeout(timer);
  }, [today]);
  return today;
}
