// Keeps the page itself, so that it opens without a network: what was typed is there and goes out later. Never anything
// of the API: conversations are the server's, and old ones shown as new would be worse than none.
const shell = "uci-shell-1";
const assets = "uci-assets-1";
const page = "/";
const ofShell = /^\/(?:assets\/|icons\/|icon\.svg$|manifest\.webmanifest$|theme\.js$)/;
/** Addresses under which the same page is served. */
const ofPage = /^\/(?:$|s\/|share\/)/;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const response = await fetch(page, { cache: "no-cache" });
      if (!response.ok) throw new Error("the page cannot be kept");
      const text = await response.clone().text();
      await (await caches.open(shell)).put(page, response);
      const files = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
      await keep(files);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== shell && name !== assets) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

// The page says what it had loaded before this worker was there.
self.addEventListener("message", (event) => {
  const { type, files } = event.data ?? {};
  if (type === "keep" && Array.isArray(files)) event.waitUntil(keep(files.filter((file) => ofShell.test(file))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && ofPage.test(pathname)) event.respondWith(freshPage(request));
  else if (ofShell.test(pathname)) event.respondWith(pathname.startsWith("/assets/") ? kept(request) : fresh(request));
});

async function keep(files) {
  const cache = await caches.open(assets);
  await Promise.all(
    files.map(async (file) => {
      if ((await cache.match(file)) === undefined) await cache.add(file).catch(() => undefined);
    }),
  );
}

/** The page from the server; the kept one where there is no server. A new one makes the old one's files useless. */
async function freshPage(request) {
  const cache = await caches.open(shell);
  try {
    const response = await fetch(request);
    if (response.ok) {
      const before = await cache.match(page);
      const text = await response.clone().text();
      if (before !== undefined && (await before.text()) !== text) await caches.delete(assets);
      await cache.put(page, response.clone());
    }
    return response;
  } catch (error) {
    const known = await cache.match(page);
    if (known === undefined) throw error;
    return known;
  }
}

/** A file whose name says its content: once is enough. */
async function kept(request) {
  const cache = await caches.open(assets);
  const known = await cache.match(request);
  if (known !== undefined) return known;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

async function fresh(request) {
  const cache = await caches.open(assets);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const known = await cache.match(request);
    if (known === undefined) throw error;
    return known;
  }
}
