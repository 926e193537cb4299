import { natsAuthorization, natsServices } from "@uci/adapters/nats";
import { renderNginxConfiguration } from "@uci/gateway";

const made = "# Made by `npm run docs`; changes to this copy are overwritten.";

/** Configurations of the containers, by their file: of the same code that runs a cluster without containers. */
export function deployFiles(): Readonly<Record<string, string>> {
  return { "deploy/nats.conf": natsConfiguration(), "deploy/nginx.conf": nginxConfiguration() };
}

/** Passwords come from the environment: nats-server reads `$NAME` where a value stands without quotes. */
function natsConfiguration(): string {
  const passwords = Object.fromEntries(natsServices.map((service) => [service, `PASSWORD_OF_${service}`]));
  const authorization = natsServices.reduce(
    (text, service) => text.replace(`"PASSWORD_OF_${service}"`, `$NATS_${service.toUpperCase()}_PASSWORD`),
    natsAuthorization(passwords as Parameters<typeof natsAuthorization>[0]),
  );
  return [
    made,
    "listen: 0.0.0.0:4222",
    "max_payload: 1MB",
    "jetstream { store_dir: /data, max_mem: 64MB, max_file: 20GB }",
    "cluster {",
    "  name: universal-chat",
    "  listen: 0.0.0.0:6222",
    "  authorization { user: route, password: $NATS_ROUTE_PASSWORD }",
    // Routes that are named need the password in their address, and a variable can only be a whole value.
    "  routes: [$NATS_ROUTE_1, $NATS_ROUTE_2, $NATS_ROUTE_3]",
    "}",
    authorization.trimEnd(),
    "",
  ].join("\n");
}

function nginxConfiguration(): string {
  return renderNginxConfiguration({
    folder: "/tmp",
    listen: { host: "0.0.0.0", port: 8080 },
    pods: [1, 2, 3].map((number) => ({ host: `pod-${number}`, port: 8080 })),
    tls: null,
    account: "nginx",
    accessLog: "/dev/stdout",
    errorLog: "stderr",
    nginxVersion: "1.28.0",
  });
}
