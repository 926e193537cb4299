import { type PlainTimes, plainTimes } from "@uci/stream";
import { z } from "zod";
import { natsSettingSchemas } from "./nats/settings.ts";
import { postgresSettingSchemas } from "./postgres/settings.ts";
import { redisSettingSchemas } from "./redis/settings.ts";
import type { SettingsOf } from "./settings/index.ts";
import { personSettings } from "./settings/person.ts";

/** Where the servers are that the parts of the distributed system share. Apart from `servers.ts`, so that describing them loads no client. */
export const sharedServerSettings = {
  ...postgresSettingSchemas,
  ...natsSettingSchemas,
  ...redisSettingSchemas,
  PLAIN_GAP_SECONDS: z.coerce
    .number()
    .min(1)
    .max(3_600)
    .default(plainTimes.gapMs / 1000)
    .describe(
      "A chunk of a third party's workflow missing for this long ends its answer. The same for pods and workers.",
    ),
  PLAIN_SILENCE_SECONDS: z.coerce
    .number()
    .min(2)
    .max(86_400)
    .default(plainTimes.silenceMs / 1000)
    .describe("So does silence of such a workflow for this long. The same for pods and workers."),
  ...personSettings,
} as const;

export type SharedServerSettings = SettingsOf<typeof sharedServerSettings>;

/** How long answers of third parties' workflows are waited for. Pods write down what they heard more often than that. */
export function plainTimesOf(settings: SharedServerSettings): PlainTimes {
  const silenceMs = settings.PLAIN_SILENCE_SECONDS * 1000;
  return {
    gapMs: settings.PLAIN_GAP_SECONDS * 1000,
    silenceMs,
    vouchMs: Math.min(plainTimes.vouchMs, silenceMs / 4),
  };
}
