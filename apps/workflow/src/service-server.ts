import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "@uci/adapters/metrics";

export type ServiceState = {
  /** Null: it is ready; otherwise why it is not. */
  readonly notReady: () => string | null;
  /** The same, but for what all services share, which makes none of them unfit. */
  readonly selfNotReady: () => string | null;
  readonly health: () => Readonly<Record<string, unknown>>;
  readonly metrics: Metrics;
};

export type ServiceServer = { readonly host: string; readonly port: number; close(): Promise<void> };

/** `/health`, `/ready`, `/ready/self` and `/metrics` of a service that has no other routes. Throws what `listen` throws. */
export async function startServiceServer(host: string, port: number, state: ServiceState): Promise<ServiceServer> {
  const server = http.createServer((request, response) => {
    answer(request.url ?? "/", state).then(
      ({ status, type, body }) => {
        response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
        response.end(request.method === "HEAD" ? undefined : body);
      },
      () => response.writeHead(500).end(),
    );
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    host,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(url: string, state: ServiceState): Promise<{ status: number; type: string; body: string }> {
  const path = url.split("?", 1)[0];
  const json = (status: number, value: unknown) => ({ status, type: "application/json", body: JSON.stringify(value) });
  if (path === "/health") return json(200, state.health());
  if (path === "/ready" || path === "/ready/self") {
    const reason = path === "/ready" ? state.notReady() : state.selfNotReady();
    return reason === null ? json(200, { ready: true }) : json(503, { ready: false, reason });
  }
  if (path === "/metrics") return { status: 200, type: state.metrics.contentType, body: await state.metrics.text() };
  return json(404, { ready: false, reason: "not found" });
}
