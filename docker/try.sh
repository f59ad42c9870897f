#!/usr/bin/env bash
# Tries the containers: three nodes come up, one loses the mesh, the majority serves, the minority refuses, it heals.
#   docker/try.sh [--no-build]      needs the Docker engine, docker-compose, redis-cli and curl
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" = --no-build ] || docker/build.sh
compose=(docker-compose -f docker/compose.yaml)
trap '"${compose[@]}" down --volumes >/dev/null 2>&1' EXIT
begun=$(date +%s%N)

say() { printf '%6d ms  %s\n' $((($(date +%s%N) - begun) / 1000000)) "$*"; }
fail() { say "FAILED: $*"; docker logs lockstep-3 2>&1 | tail -20; exit 1; }
health() { docker inspect --format '{{.State.Health.Status}}' "$1"; }
ask() { timeout 3 redis-cli -p "$@" 2>&1 || true; }
# until SECONDS WHAT COMMAND...: tries until the command succeeds.
until_true() {
    local end=$(($(date +%s) + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || fail "$what"
        sleep 0.1
    done
    say "$what"
}
healthy() { for node in 1 2 3; do [ "$(health lockstep-$node)" = healthy ] || return 1; done; }
refuses() { [[ $(ask 6381 get greeting) == *CLUSTERDOWN* ]]; }
heals() { [ "$(ask 6381 get greeting)" = changed ]; }
not_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:7381/readyz)" = 503 ]; }

"${compose[@]}" up -d
say "started"
until_true 10 "all three are healthy" healthy
[ "$(ask 6379 set greeting hello)" = OK ] || fail "a write through node 1"
[ "$(ask 6381 get greeting)" = hello ] || fail "a read through node 3"
docker network disconnect lockstep_mesh lockstep-3
say "node 3 is cut off"
until_true 5 "node 3 refuses to read" refuses
say "node 3 says: $(ask 6381 set greeting no)"
not_ready || fail "readyz of node 3 is not 503"
[ "$(ask 6379 set greeting changed)" = OK ] || fail "a write through the majority"
say "the majority writes"
docker network connect --ip 10.99.0.13 lockstep_mesh lockstep-3
until_true 10 "node 3 reads what it missed" heals
until_true 10 "all three are healthy" healthy
for node in 1 2 3; do
    docker stop --time 20 "lockstep-$node" >/dev/null
    code=$(docker inspect --format '{{.State.ExitCode}}' "lockstep-$node")
    [ "$code" = 0 ] || fail "node $node ended with $code"
done
say "all stopped in order"
