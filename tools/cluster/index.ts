/** A cluster of real processes on this machine, for tests, benchmarks and `npm run cluster`. */
export { Cluster, type ClusterWatcher, type Program } from "./cluster.ts";
export { ClusterError, type ClusterOptions, type GatewayLimits } from "./options.ts";
export type { Passwords } from "./passwords.ts";
export { nodeFlags } from "./programs.ts";
export { startCluster } from "./start.ts";
