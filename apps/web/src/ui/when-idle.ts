const withoutIdleMs = 300;

/** Does something once the browser has nothing else to do; where it cannot tell, a moment later. */
export function whenIdle(task: () => void): void {
  const later = globalThis.requestIdleCallback ?? ((idle: () => void) => setTimeout(idle, withoutIdleMs));
  later(() => task());
}
