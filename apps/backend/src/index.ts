export { Accounts } from "./accounts.ts";
export {
  type BackendConfig,
  backendSettings,
  defaultRequestTimeoutMs,
  type EdgeConfig,
  edgeOf,
  hourMs,
  openPasswordsWarning,
  refuseOpenTrust,
} from "./config.ts";
export { isEasyPassword } from "./easy-passwords.ts";
export { type RunningPod, startBackend } from "./main.ts";
export { hashPassword } from "./password-hash.ts";
export type { BackendPorts } from "./routes/surroundings.ts";
