#!/bin/sh
# Starts nginx: gateway-start.sh CONFIGURATION FOLDER. REAL_IP_FROM names what ends TLS before it, addresses and networks separated by
# commas; their X-Forwarded-For is believed.
set -eu

configuration=$1 folder=$2
: > "$folder/real-ip.conf"
for network in $(printf %s "${REAL_IP_FROM:-}" | tr , ' '); do
  case $network in
    *[!0-9a-fA-F.:/]*) echo "REAL_IP_FROM: $network is neither an address nor a network such as 10.0.0.0/8." >&2; exit 1 ;;
  esac
  echo "set_real_ip_from $network;" >> "$folder/real-ip.conf"
done
exec nginx -c "$configuration"
