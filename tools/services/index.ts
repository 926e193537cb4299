/** Real servers on free ports of this machine: for tests, benchmarks and `npm run cluster`. */
export { freePort, freePorts } from "./free-port.ts";
export { installedProgram } from "./install.ts";
export { type NatsServerOptions, startNatsServer } from "./nats-server.ts";
export { type RedisServerOptions, startRedisServer } from "./redis-server.ts";
export { type ServiceCommand, ServiceProcess } from "./service-process.ts";
export { temporaryFolder } from "./temporary-folder.ts";
