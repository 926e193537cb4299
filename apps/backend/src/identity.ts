import { isUtf8 } from "node:buffer";
import type { UserStore } from "@uci/chat";
import { type Account, expectedUserHeader, RegisteredError } from "@uci/protocol";
import type { FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import type { GatewaySignature } from "./edge/gateway-signature.ts";

/** One sign-in of one person on one device. */
export type SignIn = { readonly id: string; readonly expiresAtMs: number };

/** Who is calling. */
export type Identity = {
  readonly userId: string;
  readonly account: Account;
  /** Null in trusted mode. */
  readonly signIn: SignIn | null;
};

export interface Identifier {
  /** The caller, null when nobody is signed in. `claimed` is the user id in the body or query, believed in trusted mode alone. */
  identify(request: FastifyRequest, claimed: string | undefined): Promise<Identity | null>;
  /**
   * Decides over a request before its body is read; throws `unauthenticated` where nobody can be behind it. Returns the
   * caller's user id, null where only the body names it.
   */
  admit(request: FastifyRequest): Promise<string | null>;
}

/** The caller; refuses with 401 when there is none, or another one than the page was opened for. */
export async function requireIdentity(
  identifier: Identifier,
  request: FastifyRequest,
  claimed?: string,
): Promise<Identity> {
  const identity = await identifier.identify(request, claimed);
  if (identity === null) throw new RegisteredError("unauthenticated");
  const expected = request.headers[expectedUserHeader];
  // In trusted mode the gateway says who calls, and no cookie could have been exchanged.
  if (identity.signIn !== null && expected !== undefined && expected !== encodeURIComponent(identity.userId)) {
    throw new RegisteredError("unauthenticated", "Somebody else has signed in here meanwhile.");
  }
  return identity;
}

const knownUsers = 10_000;

export type TrustedSettings = {
  readonly users: UserStore;
  /** The user is named by the header alone. */
  readonly headerOnly: boolean;
  /** Checks that the gateway has signed the header; null: it is believed as it stands. */
  readonly signature: GatewaySignature | null;
};

/** Trusted mode: the gateway in front has authenticated the caller and names it. */
export class TrustedIdentifier implements Identifier {
  readonly #users: UserStore;
  readonly #headerOnly: boolean;
  readonly #signature: GatewaySignature | null;
  /** Asked once for all who come at the same time, as hundreds do when a pod is lost. */
  readonly #ensured = new LRUCache<string, Promise<void>>({ max: knownUsers });

  constructor({ users, headerOnly, signature }: TrustedSettings) {
    this.#users = users;
    this.#headerOnly = headerOnly || signature !== null;
    this.#signature = signature;
  }

  async admit(request: FastifyRequest): Promise<string | null> {
    return this.#fromHeader(request) ?? (this.#headerOnly ? null : (queryUserId(request) ?? null));
  }

  async identify(request: FastifyRequest, claimed: string | undefined): Promise<Identity> {
    const named = this.#fromHeader(request);
    const elsewhere = claimed ?? queryUserId(request);
    // The gateway sets the header; a body or query that came through it from outside must not name another.
    if (named !== undefined && elsewhere !== undefined && named !== elsewhere) {
      throw new RegisteredError("invalid_request", "user_id and X-User-Id name different users.");
    }
    const userId = named ?? elsewhere;
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
    const account = { user_id: userId, name: userId, email: null, guest: false, role: "user" } as const;
    return { userId, account, signIn: null };
  }

  /**
   * The user that the gateway's header names. Throws `unauthenticated` for an empty one, by which the gateway says that
   * nobody is signed in, and for none or one without its signature where the settings ask for that.
   */
  #fromHeader(request: FastifyRequest): string | undefined {
    const header = request.headers["x-user-id"];
    if (header === undefined && !this.#headerOnly) return undefined;
    // Node joins two of them into one name that is neither.
    if ((request.raw?.headersDistinct?.["x-user-id"]?.length ?? 1) > 1) {
      throw new RegisteredError("invalid_request", "X-User-Id must be given once.");
    }
    const named = headerText(header);
    if (named === undefined) throw new RegisteredError("unauthenticated", "The header X-User-Id names nobody.");
    if (this.#signature?.isGood(request, named) === false) {
      throw new RegisteredError("unauthenticated", "The header X-User-Id is not signed by the gateway.");
    }
    return named;
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
