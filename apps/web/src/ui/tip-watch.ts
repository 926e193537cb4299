/** So long the pointer rests on something before its tip is shown. */
const restMs = 500;
/** So soon after one tip the next is shown at once. */
const nextMs = 200;
/** So long a tip stays when the pointer leaves, so that it can be reached. */
const leaveMs = 120;
/** How often it is seen to that what a tip belongs to is still there. */
const lookMs = 250;

type Show = (target: HTMLElement | null) => void;

/** Where nothing can hover, a tip would only stand in the way after a touch. */
const hovering = matchMedia("(hover: hover)");

function tipped(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>("[data-tip]") : null;
}

/** Says for which element a tip is to be shown, null for none; `isTip` tells the tip itself. Returns what ends it. */
export function watchTips(show: Show, isTip: (node: Node) => boolean): () => void {
  let shown: HTMLElement | null = null;
  let wanted: HTMLElement | null = null;
  let hiddenMs = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: ReturnType<typeof setInterval> | undefined;

  const set = (target: HTMLElement | null) => {
    clearTimeout(timer);
    wanted = target;
    if (target === shown) return;
    if (target === null) hiddenMs = performance.now();
    shown = target;
    clearInterval(looking);
    if (target !== null) looking = setInterval(() => !target.isConnected && set(null), lookMs);
    show(target);
  };
  const later = (target: HTMLElement | null, waitMs: number) => {
    clearTimeout(timer);
    wanted = target;
    timer = setTimeout(() => set(target), waitMs);
  };
  const onOver = (event: PointerEvent) => {
    if (event.pointerType === "touch" || !hovering.matches) return;
    if (shown !== null && isTip(event.target as Node)) return set(shown);
    const target = tipped(event);
    if (target === null) {
      if (wanted !== null) later(null, leaveMs);
    } else if (target !== wanted) {
      if (shown !== null || performance.now() - hiddenMs < nextMs) set(target);
      else later(target, restMs);
    }
  };
  const onFocus = (event: FocusEvent) => {
    const target = tipped(event);
    if (hovering.matches && target?.matches(":focus-visible") === true) set(target);
  };
  const hide = () => set(null);
  const onScroll = ({ target }: Event) => {
    if (shown !== null && target instanceof Node && target.contains(shown)) set(null);
  };
  const onKey = ({ key }: KeyboardEvent) => {
    if (key === "Escape") set(null);
  };
  const off = new AbortController();
  const options = { signal: off.signal, capture: true, passive: true };
  document.addEventListener("pointerover", onOver, options);
  document.addEventListener("focusin", onFocus, options);
  document.addEventListener("focusout", hide, options);
  document.addEventListener("pointerdown", hide, options);
  document.addEventListener("click", hide, options);
  document.addEventListener("keydown", onKey, options);
  document.addEventListener("scroll", onScroll, options);
  document.documentElement.addEventListener("pointerleave", hide, { signal: off.signal });
  window.addEventListener("blur", hide, options);
  window.addEventListener("resize", hide, options);
  return () => {
    off.abort();
    set(null);
  };
}
