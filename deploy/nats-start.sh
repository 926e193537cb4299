#!/bin/sh
# Starts one NATS server: nats-start.sh CONFIGURATION NAME [further options].
# nats-server reads a variable as it reads its file: unquoted, 12e34 is a number and 7f breaks the start. So every secret is put
# in quotes here. The one between servers also stands in an address; its SHA-256 has no character that means anything there.
set -eu

quoted() {
  printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"
}

between=$(printf %s "$NATS_ROUTE_PASSWORD" | sha256sum | cut -c1-64)
routes=
for server in ${NATS_ROUTES:-nats-1:6222 nats-2:6222 nats-3:6222}; do
  routes="$routes\"nats://route:$between@$server\", "
done

NATS_ROUTES="[$routes]"
NATS_ROUTE_PASSWORD=$(quoted "$between")
NATS_POD_PASSWORD=$(quoted "$NATS_POD_PASSWORD")
NATS_WORKER_PASSWORD=$(quoted "$NATS_WORKER_PASSWORD")
NATS_WORKFLOW_PASSWORD=$(quoted "$NATS_WORKFLOW_PASSWORD")
NATS_MONITOR_PASSWORD=$(quoted "$NATS_MONITOR_PASSWORD")
export NATS_ROUTES NATS_ROUTE_PASSWORD NATS_POD_PASSWORD NATS_WORKER_PASSWORD NATS_WORKFLOW_PASSWORD NATS_MONITOR_PASSWORD

configuration=$1 name=$2
shift 2
exec nats-server -c "$configuration" --name "$name" "$@"
