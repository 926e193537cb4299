import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Preferences } from "@uci/protocol";
import { queryKeys } from "../connection/chat-service.ts";
import { useService } from "../connection/service-context.ts";

/** What the person has chosen for all chats, on every device. */
export function usePreferences(enabled: boolean) {
  const { client } = useService();
  return useQuery<Preferences>({
    queryKey: queryKeys.preferences,
    enabled,
    // Nobody is told of a change; whoever comes to this device from another one comes back to its page.
    refetchOnWindowFocus: "always",
    queryFn: ({ signal }) => client.preferences.find({ signal }),
  });
}

/** Changes some of it; throws the ApiError that says why not. */
export function useChangePreferences(): (change: Partial<Preferences>) => Promise<void> {
  const { client } = useService();
  const queries = useQueryClient();
  return async (change) => {
    queries.setQueryData(queryKeys.preferences, await client.preferences.change(change));
  };
}
