import { createProviders, type Providers } from "../catalogue.ts";
import type { ProviderLimits } from "../limits.ts";
import type { ProviderSurroundings } from "../surroundings.ts";
import type { WireName } from "./wires.ts";

/** Looks like a key, and is one nobody has. */
export const testKey = "sk-proj-TESTtestTESTtest0123456789";

/** Provider and model that speak each wire in `threeWires`. */
export const onWire: Readonly<Record<WireName, { provider: string; model: string }>> = {
  responses: { provider: "openai", model: "gpt-test" },
  messages: { provider: "anthropic", model: "claude-haiku-4-5" },
  chat: { provider: "openai-compatible", model: "scripted" },
};

export const wireNames: readonly WireName[] = ["responses", "messages", "chat"];

/** Providers for all three wires at one address, without retries unless the limits say otherwise. */
export function threeWires(
  baseUrl: string,
  limits: Partial<ProviderLimits> = {},
  surroundings: ProviderSurroundings = {},
): Providers {
  return createProviders(
    {
      openai: { apiKey: testKey, baseUrl, models: [onWire.responses.model] },
      anthropic: { apiKey: testKey, baseUrl, models: [onWire.messages.model] },
      openaiCompatible: { apiKey: testKey, baseUrl, models: [onWire.chat.model] },
      limits: { retries: 0, retryFirstDelayMs: 1, retryLastDelayMs: 2, ...limits },
    },
    surroundings,
  );
}
