import { type AccountState, accountStateSchema, RegisteredError, signInSchema, signUpSchema } from "@uci/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Accounts, SignedIn } from "../accounts.ts";
import { AddressLimit } from "../address-limit.ts";
import type { App, Surroundings } from "./surroundings.ts";

/** Wrong passwords for one address from one place before it has to wait. */
const allowedFailures = 10;
const failureWindowMs = 5 * 60_000;
const emptyBody = z.strictObject({}).nullish();

const allowedSignIns = 100;
const guestsPerSignUp = 5;
const hourMs = 60 * 60_000;

/** Who somebody is now, and what the page may offer. */
export function accountState({ config, ports }: Surroundings, account: AccountState["account"]): AccountState {
  return { account, mode: config.authMode, sign_up_allowed: ports.accounts?.signUpAllowed ?? false };
}

/** The built-in program's place in the list of models. */
const builtInProvider = "offline";

/** Unless told otherwise, nobody spends without an account what the operator pays for. */
function guestsAllowed({ config, ports }: Surroundings): boolean {
  return config.allowGuests ?? ports.models().providers.every(({ id }) => id === builtInProvider);
}

/** Routes by which people become somebody. All answer the state they lead to. */
export function authRoutes(app: App, surroundings: Surroundings): void {
  const { ports, config } = surroundings;
  const failures = new LRUCache<string, number>({ max: 10_000, ttl: failureWindowMs });

  const signUps = new AddressLimit(config.signUpsPerHour, hourMs);
  // A guest costs a row and no thought, but an address that makes thousands of them is no household.
  const guests = new AddressLimit(config.signUpsPerHour * guestsPerSignUp, hourMs);
  const signIns = new AddressLimit(allowedSignIns, failureWindowMs);
  const stateOf = (account: AccountState["account"]) => accountState(surroundings, account);
  const accounts = (): Accounts => {
    if (ports.accounts === null)
      throw new RegisteredError("not_found", "Accounts are kept by the gateway in front of this system.");
    return ports.accounts;
  };
  const answer = (reply: FastifyReply, signedIn: SignedIn): AccountState => {
    for (const cookie of signedIn.setCookies) reply.header("Set-Cookie", cookie);
    return stateOf(signedIn.account);
  };
  const response = { 200: accountStateSchema };

  app.get("/api/auth/state", { schema: { tags: ["auth"], response } }, async (request) => {
    const identity = config.authMode === "trusted" ? null : await surroundings.identifier.identify(request, undefined);
    return stateOf(identity?.account ?? null);
  });

  app.post(
    "/api/auth/sign-up",
    { schema: { tags: ["auth"], body: signUpSchema, response } },
    async (request, reply) => {
      signUps.take(request.ip);
      return answer(reply, await accounts().signUp(request, request.body));
    },
  );

  app.post(
    "/api/auth/sign-in",
    { schema: { tags: ["auth"], body: signInSchema, response } },
    async (request, reply) => {
      const key = `${request.ip} ${request.body.email.toLowerCase()}`;
      const failed = failures.get(key) ?? 0;
      signIns.take(request.ip);
      if (failed >= allowedFailures) throw new RegisteredError("rate_limited", undefined, failureWindowMs);
      try {
        return answer(reply, await accounts().signIn(request, request.body));
      } catch (error) {
        if (error instanceof RegisteredError && error.code === "invalid_credentials") failures.set(key, failed + 1);
        throw error;
      }
    },
  );

  app.post("/api/auth/guest", { schema: { tags: ["auth"], body: emptyBody, response } }, async (request, reply) => {
    const identity = await accounts().identify(request);
    // Who is somebody already stays it: a second tab that asks at the same moment must not lose the first one's work.
    if (identity !== null) return stateOf(identity.account);
    if (!guestsAllowed(surroundings)) throw new RegisteredError("sign_up_closed", "Guests are not accepted here.");
    guests.take(request.ip);
    return answer(reply, await accounts().guest(request));
  });

  app.post("/api/auth/sign-out", { schema: { tags: ["auth"], body: emptyBody, response } }, async (request, reply) => {
    const identity = await accounts().identify(request as FastifyRequest);
    const setCookies = await accounts().signOut(request);
    for (const cookie of setCookies) reply.header("Set-Cookie", cookie);
    if (identity !== null) surroundings.reader.closeConnections("signed_out", identity.userId);
    return stateOf(null);
  });
}
