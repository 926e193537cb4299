export { hashPassword } from "better-auth/crypto";
export { Accounts } from "./accounts.ts";
export {
  type BackendConfig,
  backendSettings,
  defaultRequestTimeoutMs,
  type EdgeConfig,
  edgeOf,
  hourMs,
  refuseOpenTrust,
} from "./config.ts";
export { type RunningPod, startBackend } from "./main.ts";
export type { BackendPorts } from "./routes/surroundings.ts";
