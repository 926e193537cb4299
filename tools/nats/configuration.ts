import { natsAuthorization, natsServices } from "@uci/adapters/nats";

export type NatsConfigurationOptions = {
  /** Streams the journals are spread over, as `JOURNAL_PARTITIONS` says. 1 unless given. */
  readonly partitions?: number;
  /** 1: no cluster. 3 unless given; which they are, the variable `NATS_ROUTES` says. */
  readonly servers?: number;
};

/**
 * The configuration of the NATS servers beside the pods and workers in containers. Secrets come from the environment, in
 * quotes, which `deploy/nats-start.sh` sees to: nats-server reads a variable as it reads its file, so that 12e34 would be a
 * number. A variable can only be a whole value, and routes hold the password in their address.
 */
export function natsConfiguration({ partitions, servers = 3 }: NatsConfigurationOptions = {}): string {
  const passwords = Object.fromEntries(natsServices.map((service) => [service, `PASSWORD_OF_${service}`]));
  const authorization = natsServices.reduce(
    (text, service) => text.replace(`"PASSWORD_OF_${service}"`, `$NATS_${service.toUpperCase()}_PASSWORD`),
    natsAuthorization(passwords as Parameters<typeof natsAuthorization>[0], partitions),
  );
  return [
    "# Started by nats-start.sh, which puts the secrets of the environment in quotes.",
    "listen: 0.0.0.0:4222",
    "max_payload: 1MB",
    "jetstream { store_dir: /data, max_mem: 64MB, max_file: 20GB }",
    ...(servers === 1 ? [] : clusterBlock),
    authorization.trimEnd(),
    "",
  ].join("\n");
}

const clusterBlock = [
  "cluster {",
  "  name: universal-chat",
  "  listen: 0.0.0.0:6222",
  "  authorization { user: route, password: $NATS_ROUTE_PASSWORD }",
  "  routes: $NATS_ROUTES",
  "}",
];
