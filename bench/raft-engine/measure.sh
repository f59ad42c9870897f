#!/usr/bin/env bash
# Measures what the own log is worth in the whole server: builds the server with it and
# with raft-engine, runs both in turns, writes bench/results/log-own-vs-raft-engine.md.
#
#   bench/raft-engine/measure.sh              # about 3 minutes after the builds
#   bench/raft-engine/measure.sh --runs 5     # more runs of each
#   bench/raft-engine/measure.sh --short      # seconds; shows that everything runs, proves nothing
#   bench/raft-engine/measure.sh --no-build   # what is built already
#   bench/raft-engine/measure.sh --help       # all options
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
arguments=() build=yes
for argument; do
    case $argument in
    --no-build) build=no ;;
    --help) build=no arguments+=("$argument") ;;
    *) arguments+=("$argument") ;;
    esac
done
if [ $build = yes ]; then
    (cd "$here/../.." && cargo build --release --package lockstep --package lockstep-bench)
    "$here/build.sh"
fi
exec python3 "$here/measure.py" "${arguments[@]}"
