import { createHash } from "node:crypto";
import type { UserStore } from "@uci/chat";
import {
  type Account,
  type ChangePassword,
  type Device,
  RegisteredError,
  type SignIn,
  type SignUp,
} from "@uci/protocol";
import type { FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import { authOver, type LibrarySettings, type LibraryUser } from "./accounts-library.ts";
import { isEasyPassword, type PasswordOwner } from "./easy-passwords.ts";
import type { Identifier, Identity } from "./identity.ts";
import { hashPassword, isOutdatedHash } from "./password-hash.ts";

export type AccountsSettings = LibrarySettings & {
  readonly revocations: Revocations;
  readonly allowSignUp: boolean;
};

/** Sign-ins that have ended, as the database knows them. */
export interface Revocations {
  /** Ids of those that ended within so many seconds; the same ones again at each call. */
  recent(withinSeconds: number): Promise<readonly string[]>;
  end(signInId: string): Promise<void>;
  forgetOld(): Promise<void>;
}

/** An outcome with the cookies the browser has to be given. */
export type SignedIn = { readonly account: Account; readonly setCookies: readonly string[] };

const sessionCookie = "uci.session_token";
/** How long a session is believed without asking the database again. */
const cachedSessionMs = 20_000;
/** For so long a sign-in that has ended is known to have, in case a question asked before is answered late. */
const rememberedEndMs = 2 * 60 * 60_000;
/** However often it is used, a sign-in ends so long after it began. */
const greatestSignInAgeMs = 90 * 24 * 60 * 60_000;

/**
 * Accounts over the better-auth library: sign-up, sign-in, guests whose sessions move over when they register. Maps
 * the library's errors to the registry and caches who a cookie belongs to.
 */
export class Accounts implements Identifier {
  readonly #auth: ReturnType<typeof authOver>;
  readonly #allowSignUp: boolean;
  readonly #identities = new LRUCache<string, Identity>({ max: 20_000, ttl: cachedSessionMs });

  readonly #users: UserStore;
  readonly #revocations: Revocations;
  readonly #ended = new LRUCache<string, true>({ max: 100_000, ttl: rememberedEndMs });
  #somebodyRegistered = false;

  constructor(settings: AccountsSettings) {
    this.#auth = authOver(settings);
    this.#users = settings.users;
    this.#revocations = settings.revocations;
    this.#allowSignUp = settings.allowSignUp;
  }

  get signUpAllowed(): boolean {
    return this.#allowSignUp;
  }

  async identify(request: FastifyRequest): Promise<Identity | null> {
    const { cookie } = request.headers;
    if (cookie === undefined || !cookie.includes(sessionCookie)) return null;
    const key = cacheKey(cookie);
    const cached = this.#identities.get(key);
    if (cached !== undefined) return cached;
    const found = await this.#auth.api.getSession({ headers: new Headers({ cookie }) });
    if (found === null) return null;
    const { session, user } = found;
    const latestMs = session.createdAt.getTime() + greatestSignInAgeMs;
    const signIn = { id: session.id, expiresAtMs: Math.min(session.expiresAt.getTime(), latestMs) };
    if (signIn.expiresAtMs <= Date.now() || this.#ended.has(signIn.id)) return null;
    const identity = { userId: user.id, account: accountOf(user), signIn };
    this.#identities.set(key, identity);
    return identity;
  }

  /** Ids of sign-ins that ended lately, on whichever pod; their cookies are not believed any more. */
  async recentRevocations(withinSeconds: number): Promise<readonly string[]> {
    const recent = await this.#revocations.recent(withinSeconds);
    const ended = new Set(recent.filter((id) => !this.#ended.has(id)));
    for (const id of ended) this.#ended.set(id, true);
    if (ended.size === 0) return recent;
    for (const [key, { signIn }] of this.#identities.entries()) {
      if (signIn !== null && ended.has(signIn.id)) this.#identities.delete(key);
    }
    return recent;
  }

  forgetOldRevocations(): Promise<void> {
    return this.#revocations.forgetOld();
  }

  async admit(request: FastifyRequest): Promise<string> {
    const identity = await this.identify(request);
    if (identity === null) throw new RegisteredError("unauthenticated");
    return identity.userId;
  }

  async signUp(request: FastifyRequest, body: SignUp): Promise<SignedIn> {
    if (!this.#allowSignUp) throw new RegisteredError("sign_up_closed");
    refuseEasyPassword(body.password, body);
    const name = body.name ?? body.email.split("@")[0] ?? body.email;
    return this.#firstAlone(() =>
      this.#signedIn(request, (headers) =>
        this.#auth.api.signUpEmail({
          body: { email: body.email, password: body.password, name },
          headers,
          returnHeaders: true,
        }),
      ),
    );
  }

  /** Until somebody has registered, people do so one after another: two at once would both find that they are the first. */
  async #firstAlone(signUp: () => Promise<SignedIn>): Promise<SignedIn> {
    this.#somebodyRegistered ||= await this.#users.anyRegistered();
    return this.#somebodyRegistered ? signUp() : this.#users.oneAtATime(signUp);
  }

  async signIn(request: FastifyRequest, body: SignIn): Promise<SignedIn> {
    const signedIn = await this.#signedIn(request, (headers) =>
      this.#auth.api.signInEmail({ body, headers, returnHeaders: true }),
    );
    await this.#renewHash(signedIn.account.user_id, body.password);
    return signedIn;
  }

  /** A hash of an earlier release is made anew while its password is at hand; one that was changed meanwhile stays. */
  async #renewHash(userId: string, password: string): Promise<void> {
    const { adapter, internalAdapter } = await this.#auth.$context;
    const credentials = (await internalAdapter.findAccounts(userId)).filter(
      ({ providerId, password: hash }) =>
        providerId === "credential" && typeof hash === "string" && isOutdatedHash(hash),
    );
    for (const { id, password: before } of credentials) {
      const where = [
        { field: "id", value: id },
        { field: "password", value: before ?? "" },
      ];
      await adapter.updateMany({ model: "account", where, update: { password: await hashPassword(password) } });
    }
  }

  async guest(request: FastifyRequest): Promise<SignedIn> {
    if (!this.#allowSignUp) throw new RegisteredError("sign_up_closed");
    return this.#signedIn(request, (headers) => this.#auth.api.signInAnonymous({ headers, returnHeaders: true }));
  }

  /** Ends the caller's session; returns the cookies that say so. */
  async signOut(request: FastifyRequest): Promise<readonly string[]> {
    const { cookie } = request.headers;
    if (cookie === undefined) return [];
    this.#identities.delete(cacheKey(cookie));
    const outcome = await this.#auth.api.signOut({ headers: headersOf(request), returnHeaders: true });
    return outcome.headers.getSetCookie();
  }

  /** Gives the caller another name. */
  async rename(request: FastifyRequest, name: string): Promise<SignedIn> {
    const { account } = await this.#registered(request);
    const { headers } = await this.#asked(() =>
      this.#auth.api.updateUser({ body: { name }, headers: headersOf(request), returnHeaders: true }),
    );
    this.forget(account.user_id);
    return { account: { ...account, name }, setCookies: headers.getSetCookie() };
  }

  /** Changes the password and signs every other device out. Refuses with `invalid_credentials` and `weak_password`. */
  async changePassword(
    request: FastifyRequest,
    { current_password: currentPassword, new_password: newPassword }: ChangePassword,
  ): Promise<SignedIn> {
    const { account } = await this.#registered(request);
    refuseEasyPassword(newPassword, { email: account.email ?? "", name: account.name });
    const body = { currentPassword, newPassword, revokeOtherSessions: true };
    const { headers } = await this.#asked(() =>
      this.#auth.api.changePassword({ body, headers: headersOf(request), returnHeaders: true }),
    );
    this.forget(account.user_id);
    return { account, setCookies: headers.getSetCookie() };
  }

  /** Refuses with `invalid_credentials` where this is not the caller's password. */
  async checkPassword(request: FastifyRequest, password: string): Promise<void> {
    await this.#asked(() => this.#auth.api.verifyPassword({ body: { password }, headers: headersOf(request) }));
  }

  /** Where the caller is signed in, the caller's own device first. */
  async devices(request: FastifyRequest): Promise<readonly Device[]> {
    const own = await this.#session(request);
    const sessions = await this.#asked(() => this.#auth.api.listSessions({ headers: headersOf(request) }));
    const devices = sessions.map(({ id, userAgent, createdAt, updatedAt }) => ({
      device_id: id,
      user_agent: userAgent ?? null,
      created_at: createdAt.toISOString(),
      seen_at: updatedAt.toISOString(),
      current: id === own.session.id,
    }));
    return devices.sort((one, other) => (one.current ? -1 : other.current ? 1 : one.seen_at < other.seen_at ? 1 : -1));
  }

  /** Signs a device of the caller's out; false: there is no such. */
  async signOutDevice(request: FastifyRequest, deviceId: string): Promise<boolean> {
    const { user } = await this.#session(request);
    const headers = headersOf(request);
    const sessions = await this.#asked(() => this.#auth.api.listSessions({ headers }));
    const token = sessions.find(({ id }) => id === deviceId)?.token;
    if (token === undefined) return false;
    await this.#asked(() => this.#auth.api.revokeSession({ body: { token }, headers }));
    this.forget(user.id);
    return true;
  }

  /** Asks the database anew who this user's cookies belong to. */
  forget(userId: string): void {
    for (const [key, identity] of this.#identities.entries()) {
      if (identity.userId === userId) this.#identities.delete(key);
    }
  }

  /** Cookies that take those of a sign-in away. */
  emptyCookies(): readonly string[] {
    return [`${sessionCookie}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`];
  }

  async #session(request: FastifyRequest) {
    const session = await this.#auth.api.getSession({ headers: headersOf(request) });
    if (session === null) throw new RegisteredError("unauthenticated");
    return session;
  }

  /** The caller, who must have an account: a guest has no name and no password. */
  async #registered(request: FastifyRequest): Promise<{ account: Account }> {
    const account = accountOf((await this.#session(request)).user);
    if (account.guest) throw new RegisteredError("forbidden", "Create an account first.");
    return { account };
  }

  async #asked<Result>(ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async #signedIn(
    request: FastifyRequest,
    call: (headers: Headers) => Promise<{ headers: Headers; response: { user: LibraryUser } | null }>,
  ): Promise<SignedIn> {
    const before = await this.identify(request);
    try {
      const { headers, response } = await call(headersOf(request));
      if (response === null) throw new RegisteredError("internal_error");
      // The browser keeps one cookie; the sign-in it forgets would stay good for whoever copied it.
      if (before?.signIn != null) await this.#revocations.end(before.signIn.id);
      // A guest that has just registered is somebody else from now on.
      if (request.headers.cookie !== undefined) this.#identities.delete(cacheKey(request.headers.cookie));
      return { account: accountOf(response.user), setCookies: headers.getSetCookie() };
    } catch (error) {
      throw refusalOf(error);
    }
  }
}

function accountOf(user: LibraryUser): Account {
  const guest = user.isAnonymous === true;
  return {
    user_id: user.id,
    name: guest ? "Guest" : user.name,
    email: guest ? null : user.email,
    guest,
    role: user.role === "admin" ? "admin" : "user",
  };
}

function refuseEasyPassword(password: string, owner: PasswordOwner): void {
  if (isEasyPassword(password, owner)) throw new RegisteredError("weak_password");
}

function headersOf(request: FastifyRequest): Headers {
  const headers = new Headers();
  const { cookie } = request.headers;
  if (cookie !== undefined) headers.set("cookie", cookie);
  const agent = request.headers["user-agent"];
  if (agent !== undefined) headers.set("user-agent", agent.slice(0, 300));
  return headers;
}

/** What is kept in memory is not the cookie itself. */
function cacheKey(cookie: string): string {
  return createHash("sha256").update(cookie).digest("base64url");
}

/** The library's refusals in the words of the registry. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "APIError") return error;
  const { statusCode, body } = error as Error & { statusCode?: number; body?: { code?: string } };
  const code = body?.code ?? "";
  if (code.startsWith("USER_ALREADY_EXISTS")) {
    return new RegisteredError("conflict", "There is an account with this e-mail address already.");
  }
  if (code === "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY") {
    return new RegisteredError("conflict", "You are a guest already.");
  }
  if (code === "INVALID_PASSWORD") return new RegisteredError("invalid_credentials", "The password is wrong.");
  if (statusCode === 401 || code === "INVALID_EMAIL_OR_PASSWORD") return new RegisteredError("invalid_credentials");
  if (statusCode === 403) return new RegisteredError("forbidden");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new RegisteredError("invalid_request");
  return error;
}
