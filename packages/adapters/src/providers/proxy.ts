import http from "node:http";

export type ProxySettings = {
  readonly HTTPS_PROXY?: string | undefined;
  readonly HTTP_PROXY?: string | undefined;
  /** Hosts without a proxy, comma-separated. */
  readonly NO_PROXY?: string | undefined;
};

const thisMachine = ["localhost", "127.0.0.1", "[::1]", "::1"];

/**
 * Sends what this process asks of others by HTTP through a proxy, but what stays on this machine: a model there is not
 * to be reached through somebody else's. Only provider calls are such; NATS, Redis and PostgreSQL speak otherwise.
 * Returns what undoes it.
 */
export function useProxy({ HTTPS_PROXY, HTTP_PROXY, NO_PROXY }: ProxySettings): () => void {
  if (HTTPS_PROXY === undefined && HTTP_PROXY === undefined) return () => undefined;
  const direct = [...thisMachine, ...(NO_PROXY === undefined ? [] : [NO_PROXY])].join(",");
  return http.setGlobalProxyFromEnv({
    ...(HTTPS_PROXY === undefined ? {} : { HTTPS_PROXY }),
    ...(HTTP_PROXY === undefined ? {} : { HTTP_PROXY }),
    NO_PROXY: direct,
  });
}
