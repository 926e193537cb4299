export {
  createProviders,
  type ModelDescription,
  type ProviderDescription,
  type Providers,
} from "./catalogue.ts";
export { CatalogueView, modelList } from "./catalogue-view.ts";
export { handOverReason } from "./generation.ts";
export { defaultProviderLimits, type ProviderLimits } from "./limits.ts";
export { offlineAnswer } from "./offline/answer.ts";
export { usualWordsPerSecond } from "./offline/offline-provider.ts";
export { parseProvidersFile, providersFileSchema } from "./providers-file.ts";
export { type ProxySettings, useProxy } from "./proxy.ts";
export { readProvidersFile } from "./read-providers-file.ts";
export { type ConfiguredProvider, type ProviderSettings, ProviderSettingsError } from "./settings.ts";
export type { ProviderSurroundings } from "./surroundings.ts";
