#!/usr/bin/env bash
# Starts and stops redis-server.
#   redis.sh start never|everysec|always [DIR [PORT]]   no persistence, or an append-only file
#   redis.sh stop PID DIR
source "$(dirname "$0")/common.sh"
case "${1:-}" in
start)
    dir=${3:-$(mktemp -d)} port=${4:-$(free_port)}
    case "${2:-}" in
    never) durability=(--appendonly no) ;;
    everysec | always) durability=(--appendonly yes --appendfsync "$2") ;;
    *) echo "usage: $0 start never|everysec|always [DIR [PORT]]" >&2; exit 1 ;;
    esac
    launch "$port" "$dir" redis-server --port "$port" --dir "$dir" --save "" \
        --daemonize no "${durability[@]}"
    ;;
stop) stop "$2" "$3" ;;
*) sed -n '2,4p' "$0" >&2; exit 1 ;;
esac
