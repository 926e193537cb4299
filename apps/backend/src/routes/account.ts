import {
  accountStateSchema,
  changePasswordSchema,
  changeProfileSchema,
  deleteAccountSchema,
  deviceListSchema,
  identifierSchema,
  RegisteredError,
} from "@uci/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Accounts } from "../accounts.ts";
import { requireIdentity } from "../identity.ts";
import { RateLimit } from "../rate-limit.ts";
import { accountState, emptyBrowserCache } from "./auth.ts";
import type { App, Surroundings } from "./surroundings.ts";

/** Passwords asked for to change or delete something, of one person. */
const passwordChecks = 20;
const passwordWindowMs = 10 * 60_000;
/** What a guest, who has no address, types to delete everything. */
const guestConfirmation = "delete";
const params = z.object({ id: identifierSchema });
const response = { 200: accountStateSchema };

/** Routes by which people look after their own account. There are none in trusted mode. */
export function accountRoutes(app: App, surroundings: Surroundings): void {
  const tags = ["account"];
  const accounts = (): Accounts => {
    if (surroundings.ports.accounts === null) throw new RegisteredError("not_found");
    return surroundings.ports.accounts;
  };

  app.patch("/api/account", { schema: { tags, body: changeProfileSchema, response } }, async (request, reply) => {
    const signedIn = await accounts().rename(request, request.body.name);
    return answer(surroundings, reply, signedIn);
  });

  const checks = new RateLimit(passwordChecks, passwordWindowMs);
  app.post(
    "/api/account/password",
    { schema: { tags, body: changePasswordSchema, response } },
    async (request, reply) => {
      const { userId } = await requireIdentity(surroundings.identifier, request);
      checks.take(userId);
      const signedIn = await accounts().changePassword(request, request.body);
      // Whoever else is signed in is so no more, and this page has another sign-in from now on.
      await surroundings.endRevoked();
      return answer(surroundings, reply, signedIn);
    },
  );

  app.get("/api/account/devices", { schema: { tags, response: { 200: deviceListSchema } } }, async (request) => ({
    devices: [...(await accounts().devices(request))],
  }));

  app.delete(
    "/api/account/devices/:id",
    { schema: { tags, params, response: { 204: z.null() } } },
    async (request, reply) => {
      await requireIdentity(surroundings.identifier, request);
      if (!(await accounts().signOutDevice(request, request.params.id))) throw new RegisteredError("not_found");
      await surroundings.endRevoked();
      return reply.status(204).send(null);
    },
  );

  app.delete("/api/account", { schema: { tags, body: deleteAccountSchema, response } }, async (request, reply) => {
    checks.take((await requireIdentity(surroundings.identifier, request)).userId);
    await deleteAccount(surroundings, accounts(), request, request.body);
    for (const cookie of accounts().emptyCookies()) reply.header("Set-Cookie", cookie);
    emptyBrowserCache(reply);
    return accountState(surroundings, null);
  });
}

async function deleteAccount(
  { identifier, ports, reader, endRevoked }: Surroundings,
  accounts: Accounts,
  request: FastifyRequest,
  { confirm, password }: z.infer<typeof deleteAccountSchema>,
): Promise<void> {
  const { userId, account } = await requireIdentity(identifier, request);
  const expected = account.email ?? guestConfirmation;
  if (confirm.trim().toLowerCase() !== expected.toLowerCase()) {
    throw new RegisteredError("invalid_request", `confirm must be ${expected}.`);
  }
  if (!account.guest) await accounts.checkPassword(request, password ?? "");
  const { unfinished } = await ports.store.users.remove(userId);
  accounts.forget(userId);
  await endRevoked();
  for (const messageId of unfinished) void reader.stopAnswer(messageId).catch(() => undefined);
}

function answer(surroundings: Surroundings, reply: FastifyReply, signedIn: Awaited<ReturnType<Accounts["rename"]>>) {
  for (const cookie of signedIn.setCookies) reply.header("Set-Cookie", cookie);
  return accountState(surroundings, signedIn.account);
}
