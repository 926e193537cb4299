import { type QueryClient, queryOptions, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, type Client } from "@uci/client";
import type { AccountState } from "@uci/protocol";
import { create } from "zustand";
import { queryKeys } from "../connection/chat-service.ts";
import { modelsQuery } from "../connection/queries.ts";
import { useService } from "../connection/service-context.ts";
import { keep, recall, storageKeys } from "../connection/storage.ts";

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
  if (recall(storageKeys.registered) !== null) return state;
  try {
    return await client.account.guest();
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
  const become = (state: AccountState, samePerson: boolean) => {
    keep(storageKeys.registered, state.account === null || state.account.guest ? null : "1");
    queries.setQueryData(queryKeys.account, state);
    openAccountDialog(null);
    if (state.account !== null) service.signedInAs(state.account.user_id, samePerson);
  };
  return {
    signIn: async (email: string, password: string) => become(await account.signIn({ email, password }), true),
    signUp: async (email: string, password: string, name: string) =>
      become(await account.signUp({ email, password, ...(name === "" ? {} : { name }) }), true),
    signOut: async () => {
      await account.signOut();
      keep(storageKeys.registered, null);
      become(await findAccount(service.client), false);
    },
    rename: async (name: string) => become(await account.rename(name), true),
    /** Deletes the account with everything in it; whoever is here goes on as a guest. */
    remove: async (request: { confirm: string; password?: string }) => {
      await account.remove(request);
      keep(storageKeys.registered, null);
      become(await findAccount(service.client), false);
    },
  };
}
