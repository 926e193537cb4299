import { type AccountState, accountStateSchema, RegisteredError, signInSchema, signUpSchema } from "@uci/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Accounts, SignedIn } from "../accounts.ts";
import { hourMs } from "../config.ts";
import { openToAnyone } from "../edge/admission.ts";
import { networkOf, RateLimit, SharedRateLimit } from "../rate-limit.ts";
import type { App, Surroundings } from "./surroundings.ts";

/** Wrong passwords for one account from one network, and from all of them, before its owner has to wait there. */
const failuresOfNetwork = 10;
const failuresOfAccount = 100;
/** Wrong passwords from one network, whatever the accounts. */
const failuresOfAddress = 100;
/** Tries of one network that are looked at at once: hashing has one line for everybody. */
const triesAtOnce = 24;
const failureWindowMs = 5 * 60_000;
const emptyBody = z.strictObject({}).nullish();

/** What people sign in with fits well into this; strangers may send no more. */
const credentialsBytes = 16 * 1024;
const guestsPerSignUp = 5;

/** Files of a conversation, which a browser keeps for as long as it likes, are not for whoever uses it next. */
export function emptyBrowserCache(reply: FastifyReply): void {
  reply.header("Clear-Site-Data", '"cache"');
}

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
  const signUps = new RateLimit(config.signUpsPerHour, hourMs);
  // A guest costs a row and no thought, but an address that makes thousands of them is no household.
  const guests = new RateLimit(config.signUpsPerHour * guestsPerSignUp, hourMs);
  const checkedSignIn = signInLimits(surroundings);
  const stateOf = (account: AccountState["account"]) => accountState(surroundings, account);
  const accounts = (): Accounts => {
    if (ports.accounts === null)
      throw new RegisteredError("not_found", "Accounts are kept by the gateway in front of this system.");
    return ports.accounts;
  };
  const answer = async (reply: FastifyReply, signedIn: SignedIn): Promise<AccountState> => {
    // The sign-in this browser had before is over, a guest's too.
    await surroundings.endRevoked();
    for (const cookie of signedIn.setCookies) reply.header("Set-Cookie", cookie);
    return stateOf(signedIn.account);
  };
  const response = { 200: accountStateSchema };
  const emptyRequest = {
    config: openToAnyone,
    bodyLimit: credentialsBytes,
    schema: { tags: ["auth"], body: emptyBody, response },
  };

  app.get("/api/auth/state", { config: openToAnyone, schema: { tags: ["auth"], response } }, async (request) => {
    const identity = config.authMode === "trusted" ? null : await surroundings.identifier.identify(request, undefined);
    return stateOf(identity?.account ?? null);
  });

  app.post(
    "/api/auth/sign-up",
    { config: openToAnyone, bodyLimit: credentialsBytes, schema: { tags: ["auth"], body: signUpSchema, response } },
    async (request, reply) => {
      signUps.take(networkOf(request.ip));
      return answer(reply, await accounts().signUp(request, request.body));
    },
  );

  app.post(
    "/api/auth/sign-in",
    { config: openToAnyone, bodyLimit: credentialsBytes, schema: { tags: ["auth"], body: signInSchema, response } },
    async (request, reply) => {
      const signedIn = await checkedSignIn(request, () => accounts().signIn(request, request.body));
      return answer(reply, signedIn);
    },
  );

  app.post("/api/auth/guest", emptyRequest, async (request, reply) => {
    const identity = await accounts().identify(request);
    // Who is somebody already stays it: a second tab that asks at the same moment must not lose the first one's work.
    if (identity !== null) return stateOf(identity.account);
    if (!guestsAllowed(surroundings)) throw new RegisteredError("sign_up_closed", "Guests are not accepted here.");
    guests.take(networkOf(request.ip));
    return answer(reply, await accounts().guest(request));
  });

  app.post("/api/auth/sign-out", emptyRequest, async (request, reply) => {
    for (const cookie of await accounts().signOut(request)) reply.header("Set-Cookie", cookie);
    emptyBrowserCache(reply);
    await surroundings.endRevoked();
    return stateOf(null);
  });
}

type SignInRequest = Pick<FastifyRequest, "ip" | "headers" | "log"> & { readonly body: { readonly email: string } };

/**
 * Limits wrong passwords by network, by account, and by both; the last two hold over all pods. Each try is counted before
 * the password is looked at, so that many at once are as few as one after another; a right one is taken back.
 */
function signInLimits({ ports, config }: Surroundings) {
  const ofAddress = new RateLimit(failuresOfAddress, failureWindowMs);
  const shared = (name: string, most: number, windowMs: number) =>
    new SharedRateLimit(ports.attempts, name, most, windowMs);
  const ofNetwork = shared("sign-in account network", failuresOfNetwork, failureWindowMs);
  const ofAccount = shared("sign-in account", failuresOfAccount, hourMs);
  const trying = new Map<string, number>();
  let warned = false;
  const warnOfSharedAddress = ({ headers, ip, log }: SignInRequest) => {
    if (warned || headers["x-forwarded-for"] === undefined || config.trustForwardedFrom.length > 0) return;
    warned = true;
    log.warn(
      { address: ip },
      "requests come through a proxy that TRUST_FORWARDED_FROM does not name: everybody counts as one address",
    );
  };
  return async (request: SignInRequest, signIn: () => Promise<SignedIn>): Promise<SignedIn> => {
    warnOfSharedAddress(request);
    const network = networkOf(request.ip);
    const account = request.body.email.toLowerCase();
    ofAddress.take(network);
    const atOnce = trying.get(network) ?? 0;
    if (atOnce >= triesAtOnce) {
      ofAddress.giveBack(network);
      throw new RegisteredError("rate_limited", undefined, 1_000);
    }
    trying.set(network, atOnce + 1);
    try {
      await ofNetwork.take(`${network} ${account}`);
      await ofAccount.take(account);
      return await countedAlone(signIn, async () => {
        ofAddress.giveBack(network);
        await Promise.all([ofNetwork.giveBack(`${network} ${account}`), ofAccount.giveBack(account)]);
      });
    } finally {
      const left = (trying.get(network) ?? 1) - 1;
      if (left === 0) trying.delete(network);
      else trying.set(network, left);
    }
  };
}

/** Only a wrong password stays counted; neither a right one nor a failure of ours is held against anybody. */
async function countedAlone(signIn: () => Promise<SignedIn>, giveBack: () => Promise<void>): Promise<SignedIn> {
  let isWrong = false;
  try {
    return await signIn();
  } catch (error) {
    isWrong = error instanceof RegisteredError && error.code === "invalid_credentials";
    throw error;
  } finally {
    // While the database is away nothing can be given back, and nobody signs in.
    if (!isWrong) await giveBack().catch(() => undefined);
  }
}
