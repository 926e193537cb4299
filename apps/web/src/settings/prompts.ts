import { useQuery } from "@tanstack/react-query";
import type { Prompt } from "@uci/protocol";
import { queryKeys } from "../connection/chat-service.ts";
import { useService } from "../connection/service-context.ts";

/** All saved prompts, by name. */
export function usePrompts(enabled: boolean) {
  const { client } = useService();
  return useQuery<Prompt[]>({
    queryKey: queryKeys.prompts,
    enabled,
    queryFn: async ({ signal }) => {
      const prompts: Prompt[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page = await client.prompts.list(cursor === "" ? { signal } : { signal, cursor });
        prompts.push(...page.prompts);
        cursor = page.next_cursor;
      }
      return prompts.sort((one, other) => one.name.localeCompare(other.name));
    },
  });
}
