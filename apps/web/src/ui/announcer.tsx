import { create } from "zustand";

const useAnnouncement = create<{ text: string }>(() => ({ text: "" }));

/** Says something to readers who listen to the page, when they are ready for it. */
export function announce(text: string): void {
  // The same words twice would not be said again.
  useAnnouncement.setState(({ text: before }) => ({ text: before === text ? `${text}\u00A0` : text }));
}

/** The place where announcements are made; once on the page. */
export function Announcer() {
  const text = useAnnouncement((state) => state.text);
  return (
    <div aria-live="polite" role="status" className="sr-only">
      {text}
    </div>
  );
}
