#!/usr/bin/env bash
# Builds the static program here and an image of it, without asking any registry.
#   docker/build.sh [NAME]      image NAME [lockstep]
set -euo pipefail
cd "$(dirname "$0")/.."
target=x86_64-unknown-linux-gnu
RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --locked --release --package lockstep --target "$target" --target-dir target/static
mkdir -p target/image/data
cp "target/static/$target/release/lockstep" target/image/lockstep
docker build --file docker/Dockerfile --target prebuilt --tag "${1:-lockstep}" target/image
