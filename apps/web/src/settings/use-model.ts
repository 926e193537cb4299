import { useMemo } from "react";
import { useModels } from "../connection/queries.ts";
import type { ModelChoice } from "../connection/state.ts";
import { useAccount } from "./account.ts";
import { chosenOption, type ModelOption, modelChoice, modelOptions, onlyOffline, useModelWish } from "./model.ts";

type ChosenModel = {
  readonly options: readonly ModelOption[];
  readonly option: ModelOption | null;
  readonly choice: ModelChoice;
  readonly onlyOffline: boolean;
};

/** The models there are and the one in force. */
export function useChosenModel(): ChosenModel {
  const { data: account } = useAccount();
  const { data: models } = useModels(account?.account != null);
  const wish = useModelWish((state) => state.wish);
  return useMemo(() => {
    const options = modelOptions(models);
    const option = chosenOption(options, wish);
    return { options, option, choice: modelChoice(option), onlyOffline: onlyOffline(models) };
  }, [models, wish]);
}

/** How a model is called by people; its id where it is not configured any more. */
export function useModelName(modelId: string | null): string | null {
  const { options } = useChosenModel();
  return options.find((option) => option.modelId === modelId)?.name ?? modelId;
}
