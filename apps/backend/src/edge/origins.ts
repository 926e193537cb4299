import { isIP } from "node:net";
import { RegisteredError } from "@uci/protocol";
import type { FastifyRequest } from "fastify";
import { pathOf } from "./known-routes.ts";

const changingMethods = new Set(["POST", "PUT", "PATCH", "DELETE"]);

export type EdgeNames = {
  /** Where people reach the page; undefined: at any address of this machine. */
  readonly publicUrl: string | undefined;
  /** Further host names this pod answers to, without a port. */
  readonly allowedHosts: readonly string[];
  /** Origins of other sites whose pages may call the API with the reader's cookie. */
  readonly corsOrigins: readonly string[];
};

/** Whom a pod answers: by the name it was called with, and by the site whose page sends the request. */
export class Origins {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ publicUrl, allowedHosts, corsOrigins }: EdgeNames) {
    const own = publicUrl === undefined ? [] : [new URL(publicUrl)];
    this.#hosts = new Set([...own.map((url) => url.hostname), ...allowedHosts].map((name) => name.toLowerCase()));
    this.#origins = new Set([...own.map((url) => url.origin), ...corsOrigins]);
  }

  /**
   * Refuses a name that is not ours with `misdirected_request`: a stranger's page whose name was rebound to this address
   * has the same origin as the requests it sends, and only the name tells them apart. An address cannot be rebound.
   */
  checkHost(request: FastifyRequest): void {
    const { host } = request.headers;
    // HTTP/1.0 has no such header, and no browser speaks it.
    if (host === undefined) {
      if (request.raw.httpVersion === "1.0") return;
      throw new RegisteredError("invalid_request", "The Host header is missing.");
    }
    // What a proxy says it was called by counts too, and not instead: a page can set that header itself.
    if (this.#isOurs(host) && this.#isOurs(request.host)) return;
    throw new RegisteredError("misdirected_request");
  }

  #isOurs(host: string): boolean {
    const name = hostNameOf(host);
    return name !== null && (isLoopbackName(name) || isAddress(name) || this.#hosts.has(name));
  }

  /**
   * Refuses with `origin_not_allowed` what a browser sends for another site: changes by their `Origin`, and reading of
   * the API by `Sec-Fetch-Site`, since a cookie travels with a link. Programs send neither.
   */
  checkSite(request: FastifyRequest): void {
    const { origin } = request.headers;
    if (origin !== undefined) {
      if (this.#isAllowed(request, origin)) return;
      if (changingMethods.has(request.method) || isApi(request)) throw new RegisteredError("origin_not_allowed");
      return;
    }
    if (request.headers["sec-fetch-site"] === "cross-site" && isApi(request)) {
      throw new RegisteredError("origin_not_allowed");
    }
  }

  #isAllowed(request: FastifyRequest, origin: string): boolean {
    if (this.#origins.has(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === request.host;
  }
}

/** By the route that will answer: a path may be written in many ways. */
function isApi({ routeOptions, url }: FastifyRequest): boolean {
  return /^\/(?:api|chat|sse|metrics)(?:\/|$)/.test(routeOptions.url ?? pathOf(url));
}

function hostNameOf(host: string): string | null {
  // Names of users, paths and odd ways to write an address have no place in this header.
  if (!/^(?:\[[0-9a-f:.]+\]|[^@/?#\\:[\]]+)(?::\d{0,5})?$/i.test(host)) return null;
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.toLowerCase().replace(/\.$/, "") : null;
}

function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}
