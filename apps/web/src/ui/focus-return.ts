let last: HTMLElement | null = null;

// What opens a dialog is often gone by the time it closes, such as an item of a menu: what counts is where the reader was
// on the page itself.
function note(event: FocusEvent): void {
  const { target } = event;
  if (target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"]') === null) last = target;
}

/** From now on it is known where the focus was before a dialog or a menu took it. */
export function watchFocus(): void {
  document.addEventListener("focusin", note);
}

/** For `onCloseAutoFocus` of dialogs without a button of their own: the focus goes back where it was on the page. */
export function returnFocus(event: Event): void {
  event.preventDefault();
  if (last?.isConnected === true) last.focus();
}
