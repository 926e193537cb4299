import { QueryClientProvider } from "@tanstack/react-query";
import { createClient } from "@uci/client";
import { expectedUserHeader } from "@uci/protocol";
import { Direction } from "radix-ui";
import { type ReactNode, StrictMode, startTransition } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, matchPath } from "react-router";
import { App, shareAddress } from "./app.tsx";
import { ChatService } from "./connection/chat-service.ts";
import { ownerId } from "./connection/person.ts";
import { createQueries } from "./connection/queries.ts";
import { ServiceContext } from "./connection/service-context.ts";
import { startLanguage, useLanguage } from "./language/language.ts";
import { keepPageForOffline } from "./offline-page.ts";
import { askEarly } from "./settings/account.ts";
import "./styles.css";
import { ErrorBoundary } from "./ui/error-boundary.tsx";
import { watchFocus } from "./ui/focus-return.ts";
import { TipPlace } from "./ui/tip-place.tsx";

const queries = createQueries();
/** Whom this page acts for: with another one's cookie, of another tab, the server does nothing for it. */
const expectedUser = () => {
  const userId = ownerId();
  return userId === null ? {} : { [expectedUserHeader]: encodeURIComponent(userId) };
};
const service = new ChatService(createClient({ baseUrl: "", headers: expectedUser }), queries);

function Directed({ children }: { readonly children: ReactNode }) {
  const { direction } = useLanguage();
  return <Direction.Provider dir={direction}>{children}</Direction.Provider>;
}

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
// Whoever reads what was shared is not made a guest for it.
if (matchPath(shareAddress, location.pathname) === null) askEarly(service.client, queries).catch(() => undefined);
// Without its texts, a file the page was just about to fetch, the page would be nothing but buttons without names.
await startLanguage();
watchFocus();
// In pieces: what the browser has to do meanwhile, a key that is pressed for one, need not wait for the whole page.
startTransition(() => {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <ServiceContext value={service}>
          <Directed>
            <BrowserRouter>
              <ErrorBoundary>
                <App />
              </ErrorBoundary>
            </BrowserRouter>
            <TipPlace />
          </Directed>
        </ServiceContext>
      </QueryClientProvider>
    </StrictMode>,
  );
});
keepPageForOffline();
