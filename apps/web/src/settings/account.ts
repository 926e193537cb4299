import { type QueryClient, queryOptions, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, type Client } from "@uci/client";
import type { AccountState } from "@uci/protocol";
import { create } from "zustand";
import { queryKeys } from "../connection/chat-service.ts";
import { forgetPerson, ownerHasAccount } from "../connection/person.ts";
import { modelsQuery } from "../connection/queries.ts";
import { useService } from "../connection/service-context.ts";

export type AccountView = "sign_in" | "sign_up";

/** Which of the two account dialogs is open. */
export const useAccountDialog = create<{ open: AccountView | null }>(() => ({ open: null }));

export function openAccountDialog(view: AccountView | null): void {
  useAccountDialog.setState({ open: view });
}

/** Who is signed in. Whoever comes for the first time starts as a guest, so that typing works at once. */
export function useAccount(): UseQueryResult<AccountState> {
  const { client } = useService();
  return useQuery(accountQuery(client));
}

function accountQuery(client: Client) {
  return queryOptions({
    queryKey: queryKeys.account,
    queryFn: () => findAccount(client),
    retryDelay: 1_000,
    retry: 30,
  });
}

/**
 * Asks who is signed in and which models there are before anything is drawn: the first picture of the page has to wait for
 * its texts anyhow. Nothing is lost where it fails, for the page asks again.
 */
export async function askEarly(client: Client, queries: QueryClient): Promise<void> {
  const { account } = await queries.fetchQuery(accountQuery(client));
  if (account !== null) await queries.fetchQuery(modelsQuery(client));
}

async function findAccount(client: Client): Promise<AccountState> {
  const state = await client.account.state();
  if (state.account !== null || state.mode === "trusted") return state;
  // Somebody with an account whose sign-in has ended must not find an empty page and wonder.
  if (ownerHasAccount()) return state;
  try {
    return await oneTabAtATime(() => client.account.guest());
  } catch (error) {
    // Where guests are not accepted, the dialog asks to sign in.
    if (error instanceof ApiError && !error.retryable) return state;
    throw error;
  }
}

/** The ways to become somebody else. Each throws the ApiError that says why not. */
export function useAccountActions() {
  const service = useService();
  const queries = useQueryClient();
  const { account } = service.client;
  const become = (ask: () => Promise<AccountState>) =>
    oneTabAtATime(async () => {
      const before = queries.getQueryData<AccountState>(queryKeys.account)?.account ?? null;
      const state = await ask();
      if (state.account !== null && !service.signedInAs(state.account, before !== null)) return;
      queries.setQueryData(queryKeys.account, state);
      openAccountDialog(null);
    });
  const leave = (ask: () => Promise<AccountState>) =>
    oneTabAtATime(async () => {
      await ask();
      forgetPerson();
      service.leave();
    });
  return {
    signIn: (email: string, password: string) => become(() => account.signIn({ email, password })),
    signUp: (email: string, password: string, name: string) =>
      become(() => account.signUp({ email, password, ...(name === "" ? {} : { name }) })),
    rename: (name: string) => become(() => account.rename(name)),
    /** Nothing of the person stays in this browser; the page begins anew for whoever comes next. */
    signOut: () => leave(() => account.signOut()),
    /** Deletes the account with everything in it, here too. */
    remove: (request: { confirm: string; password?: string }) => leave(() => account.remove(request)),
  };
}

/**
 * Two tabs that change who is signed in at the same moment would overwrite each other's cookie: a guest's with a
 * person's. Over plain HTTP there are no locks, and the later one wins.
 */
function oneTabAtATime<Result>(task: () => Promise<Result>): Promise<Result> {
  return navigator.locks === undefined ? task() : navigator.locks.request("uci.sign-in", task);
}
