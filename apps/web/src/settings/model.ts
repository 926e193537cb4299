import type { ModelList } from "@uci/protocol";
import { create } from "zustand";
import { keepOwn, personalKeys, recallOwn } from "../connection/person.ts";
import type { ModelChoice } from "../connection/state.ts";

/** The remembered choice as "provider/model"; null: the server's default. */
export const useModelWish = create<{ wish: string | null }>(() => ({ wish: recallOwn(personalKeys.model) }));

export function setModelWish(wish: string | null): void {
  keepOwn(personalKeys.model, wish);
  useModelWish.setState({ wish });
}

export type ModelOption = {
  readonly key: string;
  readonly name: string;
  readonly providerId: string;
  readonly modelId: string;
  readonly default: boolean;
  /** It can see images. */
  readonly images: boolean;
  readonly providerName: string;
  /** Null: not known. */
  readonly contextTokens: number | null;
};

/** All models, one list. One of them is the default, whatever the providers say of theirs. */
export function modelOptions(list: ModelList | undefined): ModelOption[] {
  const options = (list?.providers ?? []).flatMap((provider) =>
    provider.models.map((model) => ({
      key: `${provider.id}/${model.id}`,
      name: model.name,
      providerId: provider.id,
      modelId: model.id,
      default: model.default,
      images: model.images,
      providerName: provider.name,
      contextTokens: model.context_window_tokens ?? null,
    })),
  );
  const first = options.find((option) => option.default);
  return options.map((option) => ({ ...option, default: option === first }));
}

/** The option in force: the first wish that is still configured, else the default, else the first. */
export function chosenOption(
  options: readonly ModelOption[],
  wishes: readonly (string | null)[],
): { option: ModelOption | null; wished: boolean } {
  for (const wish of wishes) {
    const option =
      wish === null ? undefined : options.find(({ key, modelId }) => key === wish || `/${modelId}` === wish);
    if (option !== undefined) return { option, wished: true };
  }
  return { option: options.find((option) => option.default) ?? options[0] ?? null, wished: false };
}

/** What to send for it. */
export function modelChoice(option: ModelOption | null): ModelChoice {
  return option === null ? {} : { ai_provider: option.providerId, model: option.modelId };
}

/** Whether nothing but the built-in offline provider answers. */
export function onlyOffline(list: ModelList | undefined): boolean {
  return list?.providers.every(({ id }) => id === "offline") ?? false;
}
