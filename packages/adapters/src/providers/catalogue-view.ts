import type { ModelList } from "@uci/protocol";
import { z } from "zod";
import type { ProviderDescription } from "./catalogue.ts";

const catalogueSchema = z.array(
  z.object({
    id: z.string(),
    name: z.string(),
    configured_by: z.string(),
    models: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        default: z.boolean(),
        images: z.boolean().default(false),
        context_window_tokens: z.number().optional(),
        abilities: z.object({ resume: z.boolean(), continuePrefix: z.boolean() }),
      }),
    ),
  }),
);

/**
 * What the workers say they can call, as a pod sees it: pods hold no provider's key. `load` gives the catalogue a worker
 * has published; what was seen last stays when it cannot be asked.
 */
export class CatalogueView {
  readonly #load: () => Promise<unknown>;
  #providers: readonly ProviderDescription[] = [];

  constructor(load: () => Promise<unknown>) {
    this.#load = load;
  }

  /** Looks again. Throws when the catalogue cannot be asked or has another form. */
  async refresh(): Promise<void> {
    const given = await this.#load();
    if (given !== null) this.#providers = catalogueSchema.parse(given) as readonly ProviderDescription[];
  }

  list(): ModelList {
    return modelList(this.#providers);
  }

  /**
   * The provider and model a request means; null: not there. While nobody has said what there is, as where a third
   * party's workflow answers, what was asked for is passed on as it is.
   */
  resolve(
    provider: string | undefined,
    model: string | undefined,
  ): { provider: string | undefined; model: string | undefined } | null {
    if (this.#providers.length === 0) return { provider, model };
    for (const { id, models } of this.#providers) {
      if (provider !== undefined && id !== provider) continue;
      const found = models.find((one) => model === undefined || one.id === model);
      if (found !== undefined) return { provider: id, model: found.id };
    }
    return null;
  }
}

/** The catalogue as the wire shows it. */
export function modelList(providers: readonly ProviderDescription[]): ModelList {
  return {
    providers: providers.map(({ id, name, models }) => ({
      id,
      name,
      models: models.map((model) => ({
        id: model.id,
        name: model.name,
        default: model.default,
        images: model.images,
        ...(model.context_window_tokens === undefined ? {} : { context_window_tokens: model.context_window_tokens }),
      })),
    })),
  };
}
