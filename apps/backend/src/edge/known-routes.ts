import { RegisteredError } from "@uci/protocol";
import type { FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type { App } from "../routes/surroundings.ts";

/** The paths this pod knows, to tell "no such path" from "not with this method". */
export class KnownRoutes {
  readonly #methods = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** Takes note of every route of the app that is added from now on. */
  constructor(app: App) {
    app.addHook("onRoute", (route: RouteOptions) => this.#add(route));
  }

  /** Throws `method_not_allowed`, with the header that names the methods, or `not_found`. */
  refuse(request: FastifyRequest, reply: FastifyReply): never {
    const allowed = this.methodsOf(pathOf(request.url));
    if (allowed.length === 0) throw new RegisteredError("not_found");
    reply.header("Allow", allowed.join(", "));
    throw new RegisteredError("method_not_allowed");
  }

  methodsOf(path: string): readonly string[] {
    const known = [...this.#methods.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(known.flatMap(({ methods }) => [...methods]))].sort();
  }

  #add({ url, method }: RouteOptions): void {
    // Static files are found by the wildcard and by name; they are read alone.
    if (url.includes("*") || !/^\/(?:api|chat|sse|health|ready|metrics)(?:\/|$)/.test(url)) return;
    const known = this.#methods.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    for (const name of [method].flat()) known.methods.add(name);
    this.#methods.set(url, known);
  }
}

/** The path as the router reads it; as it stands where it cannot be decoded. */
export function pathOf(url: string): string {
  const path = url.replace(/^https?:\/\/[^/]*/i, "").split("?", 1)[0] ?? "";
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function patternOf(url: string): RegExp {
  const parts = url.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : part.replace(/[^\w-]/g, "\\$&")));
  return new RegExp(`^${parts.join("/")}/?$`);
}
