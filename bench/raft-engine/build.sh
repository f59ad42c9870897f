#!/usr/bin/env bash
# Builds the server with raft-engine for a log: target/raft-engine/release/lockstep.
#   build.sh [CARGO-ARGUMENTS...]
#
# The workspace is copied and its storage crate replaced there by the one of this
# folder, so that neither the manifests nor the lock file of the workspace ever hear
# of raft-engine. Times of files are kept: a second build makes only what changed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$root/target/raft-engine/tree
rm -rf "$tree"
mkdir -p "$tree/bench"
cp -a "$root/src" "$root/commands" "$root/Cargo.lock" "$tree/"
cp -a "$root/bench/raft-engine" "$tree/bench/"
rm -f "$tree/bench/raft-engine/Cargo.lock"
# In the copy it is a member like the others.
sed -i '/^\[workspace\]$/d' "$tree/bench/raft-engine/Cargo.toml"
sed -e 's#"src/storage"#"bench/raft-engine"#g' -e 's#, "tests", "bench"\]#]#' -e 's#, "tests"\]#]#' \
    "$root/Cargo.toml" >"$tree/Cargo.toml"
cd "$tree"
cargo build --release --package lockstep --target-dir "$root/target/raft-engine" "$@"
