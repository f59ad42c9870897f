#!/usr/bin/env bash
# Starts and stops the release build of lockstep (SERVER names another one).
#   lockstep.sh start never|everysec|always [DIR [PORT]]
#   lockstep.sh stop PID DIR
source "$(dirname "$0")/common.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
case "${1:-}" in
start)
    dir=${3:-$(mktemp -d)} port=${4:-$(free_port)}
    binary=${SERVER:-$root/target/release/lockstep}
    launch "$port" "$dir" "$binary" --port "$port" --admin-port "$(free_port)" \
        --dir "$dir/data" --fsync "$2"
    ;;
stop) stop "$2" "$3" ;;
*) sed -n '2,4p' "$0" >&2; exit 1 ;;
esac
