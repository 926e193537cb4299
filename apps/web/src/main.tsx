import { QueryClientProvider } from "@tanstack/react-query";
import { createClient } from "@uci/client";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./app.tsx";
import { ChatService } from "./connection/chat-service.ts";
import { createQueries } from "./connection/queries.ts";
import { ServiceContext } from "./connection/service-context.ts";
import "./styles.css";
import { ErrorBoundary } from "./ui/error-boundary.tsx";
import { TipProvider } from "./ui/tip.tsx";

const queries = createQueries();
const service = new ChatService(createClient({ baseUrl: "" }), queries);

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ServiceContext value={service}>
        <TipProvider>
          <BrowserRouter>
            <ErrorBoundary>
              <App />
            </ErrorBoundary>
          </BrowserRouter>
        </TipProvider>
      </ServiceContext>
    </QueryClientProvider>
  </StrictMode>,
);
