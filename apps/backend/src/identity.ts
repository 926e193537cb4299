import { isUtf8 } from "node:buffer";
import type { UserStore } from "@uci/chat";
import { type Account, RegisteredError } from "@uci/protocol";
import type { FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";

/** Who is calling. */
export type Identity = { readonly userId: string; readonly account: Account };

export interface Identifier {
  /** The caller, null when nobody is signed in. `claimed` is the user id in the body or query, believed in trusted mode alone. */
  identify(request: FastifyRequest, claimed: string | undefined): Promise<Identity | null>;
}

/** The caller; refuses with 401 when there is none. */
export async function requireIdentity(
  identifier: Identifier,
  request: FastifyRequest,
  claimed?: string,
): Promise<Identity> {
  const identity = await identifier.identify(request, claimed);
  if (identity === null) throw new RegisteredError("unauthenticated");
  return identity;
}

const knownUsers = 10_000;

/** Trusted mode: the gateway in front has authenticated the caller and names it. */
export class TrustedIdentifier implements Identifier {
  readonly #users: UserStore;
  /** Asked once for all who come at the same time, as hundreds do when a pod is lost. */
  readonly #ensured = new LRUCache<string, Promise<void>>({ max: knownUsers });

  constructor(users: UserStore) {
    this.#users = users;
  }

  async identify(request: FastifyRequest, claimed: string | undefined): Promise<Identity> {
    const named = headerText(request.headers["x-user-id"]);
    const userId = named ?? claimed ?? queryUserId(request);
    // The gateway sets the header; a body that came through it from outside must not name another.
    if (named !== undefined && claimed !== undefined && named !== claimed) {
      throw new RegisteredError("invalid_request", "user_id and X-User-Id name different users.");
    }
    if (userId === undefined) {
      throw new RegisteredError(
        "unauthenticated",
        "user_id is missing: give it as a field, in the query or as X-User-Id.",
      );
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (userId.length === 0 || userId.length > 128 || /[\u0000-\u001f\u007f]/.test(userId) || !userId.isWellFormed()) {
      throw new RegisteredError("invalid_request", "user_id must have 1 to 128 characters and no control characters.");
    }
    await this.#ensure(userId);
    return { userId, account: { user_id: userId, name: userId, email: null, guest: false, role: "user" } };
  }

  async #ensure(userId: string): Promise<void> {
    const known = this.#ensured.get(userId);
    if (known !== undefined) return known;
    const ensured = this.#users.ensure(userId);
    this.#ensured.set(userId, ensured);
    try {
      await ensured;
    } catch (error) {
      if (this.#ensured.peek(userId) === ensured) this.#ensured.delete(userId);
      throw error;
    }
  }
}

/** Node reads a header's bytes as Latin-1; what they mean is UTF-8, as in a body or a query. Empty: not given. */
function headerText(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined || text === "") return undefined;
  const bytes = Buffer.from(text, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : text;
}

function queryUserId(request: FastifyRequest): string | undefined {
  const value = (request.query as Record<string, unknown> | undefined)?.user_id;
  return typeof value === "string" ? value : undefined;
}
