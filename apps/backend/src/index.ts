export { Accounts } from "./accounts.ts";
export { type BackendConfig, backendSettings } from "./config.ts";
export { type RunningPod, startBackend } from "./main.ts";
export type { BackendPorts } from "./routes/surroundings.ts";
