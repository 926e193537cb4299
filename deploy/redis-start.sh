#!/bin/sh
# Starts Redis with a password of any characters but line breaks: redis-start.sh [further lines of its configuration]. It comes on
# standard input, so that no process list shows it. Nothing in this Redis has to last.
set -eu

password=$(printf %s "$REDIS_PASSWORD" | sed 's/[\\"]/\\&/g')
printf 'requirepass "%s"\nsave ""\nappendonly no\n%s\n' "$password" "${1:-}" | exec redis-server -
