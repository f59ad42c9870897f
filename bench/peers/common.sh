# What the scripts of all peers share. To be sourced.
set -euo pipefail

# A port on 127.0.0.1 that is free now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts a server in the background, waits for its PONG, prints how to reach and stop it.
# launch PORT DIR COMMAND...
launch() {
    local port=$1 dir=$2
    shift 2
    "$@" >"$dir/log" 2>&1 &
    local pid=$!
    for _ in $(seq 600); do
        if [ "$(redis-cli -p "$port" ping 2>/dev/null)" = PONG ]; then
            echo "port=$port pid=$pid dir=$dir"
            return 0
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    echo "the server did not start; its log:" >&2
    cat "$dir/log" >&2
    return 1
}

# Ends a server and takes its folder away.
# stop PID DIR
stop() {
    kill "$1" 2>/dev/null || true
    for _ in $(seq 200); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.05
    done
    kill -9 "$1" 2>/dev/null || true
    rm -rf "$2"
}
