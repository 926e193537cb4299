/** Real servers on free ports of this machine: for tests, benchmarks and `npm run cluster`. */
export { accepts, freePort, freePorts, isFree } from "./free-port.ts";
export { installedProgram, serverPrograms } from "./install.ts";
export { type Direction, Link, type LinkState } from "./link.ts";
export {
  type NatsCluster,
  type NatsClusterOptions,
  type NatsPorts,
  type NatsServerOptions,
  natsCluster,
  natsServer,
  startNatsServer,
  streamsLed,
} from "./nats-server.ts";
export { type NginxServerOptions, nginxServer, nginxVersion, startNginxServer } from "./nginx-server.ts";
export {
  type PostgresServerOptions,
  postgresDatabase,
  postgresServer,
  postgresUrl,
  postgresUser,
  startPostgresServer,
} from "./postgres-server.ts";
export { type RedisServerOptions, redisServer, startRedisServer } from "./redis-server.ts";
export { type ServiceCommand, type ServiceEvent, ServiceProcess } from "./service-process.ts";
export { temporaryFolder } from "./temporary-folder.ts";
export type { ServerTls } from "./tls.ts";
