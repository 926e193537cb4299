export { connectNats, type NatsBroker } from "./broker.ts";
export { BrokerSetupError, BrokerUnavailableError, isBrokerUnavailable } from "./errors.ts";
export type { NatsEvents } from "./link.ts";
export { type NatsPermissions, natsAuthorization, natsPermissions } from "./permissions.ts";
export {
  type NatsService,
  type NatsSettings,
  type NatsTls,
  natsServices,
  natsSettingSchemas,
  natsSettingsFrom,
} from "./settings.ts";
export { subjectKind } from "./subject-kind.ts";
export type { QueueState } from "./work-queue.ts";
