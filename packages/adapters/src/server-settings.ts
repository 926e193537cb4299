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
  ...personSettings,
} as const;

export type SharedServerSettings = SettingsOf<typeof sharedServerSettings>;
