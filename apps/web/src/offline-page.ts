/**
 * Lets the browser keep the page itself, so that it opens without a network. Does nothing where service workers are
 * missing, as over plain HTTP, or where a build is being worked on.
 */
export function keepPageForOffline(): void {
  const built = new URL(import.meta.url).pathname.startsWith("/assets/");
  if (!built || navigator.serviceWorker === undefined) return;
  // After everything the reader waits for.
  window.addEventListener("load", () => void register().catch(() => undefined), { once: true });
  if (document.readyState === "complete") void register().catch(() => undefined);
}

async function register(): Promise<void> {
  await navigator.serviceWorker.register("/service-worker.js");
  const { active } = await navigator.serviceWorker.ready;
  const files = performance
    .getEntriesByType("resource")
    .map(({ name }) => new URL(name))
    .filter(({ origin }) => origin === window.location.origin)
    .map(({ pathname }) => pathname);
  active?.postMessage({ type: "keep", files });
}
