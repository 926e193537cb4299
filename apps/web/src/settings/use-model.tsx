import { createContext, type ReactNode, useContext, useMemo } from "react";
import { useModels } from "../connection/queries.ts";
import type { ModelChoice } from "../connection/state.ts";
import { useChat } from "../connection/store.ts";
import { useAccount } from "./account.ts";
import { chosenOption, type ModelOption, modelChoice, modelOptions, onlyOffline, useModelWish } from "./model.ts";
import { usePreferences } from "./preferences.ts";

type ChosenModel = {
  readonly options: readonly ModelOption[];
  readonly option: ModelOption | null;
  readonly choice: ModelChoice;
  readonly onlyOffline: boolean;
  /** Whether the server has not been heard yet. */
  readonly pending: boolean;
};

/** "provider/model" of a choice; null where there is none. */
function keyOf(choice: { ai_provider: string | null; model: string | null } | undefined): string | null {
  if (choice === undefined || choice.model === null) return null;
  return `${choice.ai_provider ?? ""}/${choice.model}`;
}

const ChosenModelContext = createContext<ChosenModel | null>(null);

/** Finds out once for all answers of the page: each of them asking for itself was a good part of what setting it took. */
export function ChosenModelPlace({ children }: { readonly children: ReactNode }) {
  return <ChosenModelContext value={useFindModel()}>{children}</ChosenModelContext>;
}

/** The models there are and the one in force: the chat's own, the one last picked here, the person's default, the server's. */
export function useChosenModel(): ChosenModel {
  const chosen = useContext(ChosenModelContext);
  if (chosen === null) throw new Error("used outside of the page");
  return chosen;
}

function useFindModel(): ChosenModel {
  const { data: account } = useAccount();
  const { data: models, isPending: pending } = useModels(account?.account != null);
  const { data: preferences } = usePreferences(account?.account != null);
  const wish = useModelWish((state) => state.wish);
  const session = useChat(({ sessions, currentSessionId }) => sessions[currentSessionId ?? ""]?.settings);
  return useMemo(() => {
    const options = modelOptions(models);
    const wishes = [keyOf(session), wish, keyOf(preferences)];
    const { option, wished } = chosenOption(options, wishes);
    const choice = wished ? modelChoice(option) : {};
    return { options, option, choice, onlyOffline: onlyOffline(models), pending };
  }, [models, pending, wish, session, preferences]);
}

/** How a model is called by people; its id where it is not configured any more. */
export function useModelName(modelId: string | null): string | null {
  const { options } = useChosenModel();
  return options.find((option) => option.modelId === modelId)?.name ?? modelId;
}
