import { natsAuthorization, natsServices } from "@uci/adapters/nats";

export type NatsConfigurationOptions = {
  /** Streams the journals are spread over, as `JOURNAL_PARTITIONS` says. 1 unless given. */
  readonly partitions?: number;
  /** Servers of the cluster, called `nats-1` and so on; 1: no cluster. 3 unless given. */
  readonly servers?: number;
};

/**
 * The configuration of the NATS servers beside the pods and workers in containers. Secrets come from the environment:
 * nats-server reads `$NAME` where a value stands without quotes, and reads what it finds there as it would read the file,
 * so each variable has to hold its value in quotes.
 */
export function natsConfiguration({ partitions, servers = 3 }: NatsConfigurationOptions = {}): string {
  const passwords = Object.fromEntries(natsServices.map((service) => [service, `PASSWORD_OF_${service}`]));
  const authorization = natsServices.reduce(
    (text, service) => text.replace(`"PASSWORD_OF_${service}"`, `$NATS_${service.toUpperCase()}_PASSWORD`),
    natsAuthorization(passwords as Parameters<typeof natsAuthorization>[0], partitions),
  );
  return [
    "# Each variable holds its value in quotes: NATS_POD_PASSWORD='\"…\"'. Without them a secret such as 12e34 is a number.",
    "listen: 0.0.0.0:4222",
    "max_payload: 1MB",
    "jetstream { store_dir: /data, max_mem: 64MB, max_file: 20GB }",
    ...(servers === 1 ? [] : clusterBlock(servers)),
    authorization.trimEnd(),
    "",
  ].join("\n");
}

function clusterBlock(servers: number): string[] {
  const routes = Array.from({ length: servers }, (_server, index) => `$NATS_ROUTE_${index + 1}`);
  return [
    "cluster {",
    "  name: universal-chat",
    "  listen: 0.0.0.0:6222",
    "  authorization { user: route, password: $NATS_ROUTE_PASSWORD }",
    // Routes that are named need the password in their address, and a variable can only be a whole value.
    `  routes: [${routes.join(", ")}]`,
    "}",
  ];
}
