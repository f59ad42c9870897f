#!/usr/bin/env python3
"""Measures a cluster of three nodes on one machine: failures, speed beside etcd, rest, restart.

    cargo build --release --workspace
    cargo build --release --manifest-path bench/etcd/Cargo.toml     # needs protoc and etcd
    bench/cluster/run.py                     # about 20 minutes; writes bench/results/cluster.{md,json}
    bench/cluster/run.py --short             # shows that everything runs, proves nothing
    bench/cluster/run.py --rows kill,set     # some rows only
"""

import argparse
import csv
import io
import json
import signal
import statistics
import subprocess
import sys
import time

import gaps
from nodes import ETCD_PUT, GENERATOR, ROOT, Etcd, Lockstep
from resp import Client
from table import Table

CLIENTS = 50
VALUE_BYTES = 100
KEYS = 10_000


def kills(table, options):
    cluster = Lockstep(3)
    try:
        found = gaps.summary(gaps.kill_leaders(cluster, options.trials))
    finally:
        cluster.stop()
    held = found["p50_ms"] <= gaps.KILL_P50_MS and found["p99_ms"] <= gaps.KILL_P99_MS
    table.add("kill -9 of the leader under load, to the next acknowledged write", str(found),
              f"p50 <= {gaps.KILL_P50_MS} ms, p99 <= {gaps.KILL_P99_MS} ms", held, **found)


def stops(table, options):
    cluster = Lockstep(3)
    try:
        found = gaps.summary(gaps.kill_leaders(cluster, options.trials, signal.SIGSTOP))
    finally:
        cluster.stop()
    held = found["p50_ms"] <= gaps.STOP_P50_MS and found["p99_ms"] <= gaps.STOP_P99_MS
    table.add("SIGSTOP of the leader under load, to the next acknowledged write", str(found),
              f"p50 <= {gaps.STOP_P50_MS} ms, p99 <= {gaps.STOP_P99_MS} ms", held, **found)


def restarts(table, options):
    cluster = Lockstep(3)
    try:
        worst, failed = gaps.restart_in_turn(cluster)
    finally:
        cluster.stop()
    held = not failed and worst <= gaps.RESTART_GAP_MS
    table.add("graceful restart of each node in turn under load",
              f"{len(failed)} failed commands {failed[:3]}, longest gap {worst:.0f} ms",
              f"0 failed, <= {gaps.RESTART_GAP_MS} ms", held, gap_ms=round(worst, 1))


def minority(table, options):
    cluster = Lockstep(3)
    try:
        times = gaps.minority_refuses(cluster, max(3, options.trials // 10))
    finally:
        cluster.stop()
    table.add("a node that has lost the two others refuses", f"longest {max(times):.0f} ms",
              f"<= {gaps.REFUSAL_MS} ms", max(times) <= gaps.REFUSAL_MS, **gaps.summary(times))


def redis_benchmark(table, port, test, requests, *flags):
    out = table.run(["redis-benchmark", "-p", port, "-c", CLIENTS, "-n", requests, "-d",
                     VALUE_BYTES, "-r", KEYS, "-t", test, "--csv", *flags])
    return float(list(csv.DictReader(io.StringIO(out)))[0]["rps"])


def beside_etcd(table, options):
    requests = 2_000_000 // options.shorter
    seconds = max(1, 5 // options.shorter)
    ours, theirs = [], []
    for _ in range(options.rounds):
        cluster = Lockstep(3)
        try:
            leader = cluster.ports[cluster.settled_leader()]
            ours.append(redis_benchmark(table, leader, "set", min(requests, 300_000)))
        finally:
            cluster.stop()
        etcd = Etcd()
        try:
            out = table.run([ETCD_PUT, "--endpoints", etcd.endpoints(), "--clients", CLIENTS,
                             "--seconds", seconds, "--bytes", VALUE_BYTES, "--keys", KEYS])
            theirs.append(json.loads(out)["per_second"])
        finally:
            etcd.stop()
    ratio = statistics.median(ours) / statistics.median(theirs)
    table.add("SET 100 B, 50 clients, fsync always, three nodes, beside etcd's put",
              f"{statistics.median(ours):.0f}/s beside {statistics.median(theirs):.0f}/s, "
              f"ratio {ratio:.1f}", "ratio >= 5", ratio >= 5, ours=ours, theirs=theirs)


def through_any(table, options):
    requests = 1_000_000 // options.shorter
    single, through = [], []
    alone, cluster = Lockstep(1), Lockstep(3)
    try:
        leader = cluster.leader()
        other = cluster.ports[(leader + 1) % 3]
        for port in (alone.ports[0], other):
            Client(port)("SET", "key:000000000001", "x" * VALUE_BYTES)
        for _ in range(options.rounds):
            single.append(redis_benchmark(table, alone.ports[0], "get", requests))
            through.append(redis_benchmark(table, other, "get", requests))
    finally:
        alone.stop()
        cluster.stop()
    ratio = statistics.median(through) / statistics.median(single)
    table.add("GET through a node that is not the home, beside a single node",
              f"{statistics.median(through):.0f}/s beside {statistics.median(single):.0f}/s, "
              f"ratio {ratio:.2f}", "ratio >= 0.5", ratio >= 0.5, single=single, through=through)


def idle(table, options):
    cluster = Lockstep(3, shards=8)
    try:
        time.sleep(3)
        seconds = max(5, 30 // options.shorter)
        before = cluster.cpu_seconds()
        time.sleep(seconds)
        share = (cluster.cpu_seconds() - before) / seconds * 100
    finally:
        cluster.stop()
    table.add("idle cluster of three with 8 shards", f"{share:.1f} % of a core in all", "<= 5 %",
              share <= 5, percent=round(share, 2))


def full_restart(table, options):
    keys = 1_000_000 // options.shorter
    cluster = Lockstep(3)
    try:
        # Reading sets all keys first.
        table.run([GENERATOR, "get", "--port", cluster.ports[cluster.leader()], "--keys", keys,
                   "--value-bytes", VALUE_BYTES, "--duration", 1, "--quiet"])
        for at in range(3):
            cluster.kill(at)
        for at in range(3):
            cluster.wait_end(at)
        begun = time.monotonic()
        for at in range(3):
            cluster.start(at)
        cluster.wait_ready(60)
        took = time.monotonic() - begun
        count = Client(cluster.ports[0])("DBSIZE")
    finally:
        cluster.stop()
    table.add(f"kill -9 and restart of all nodes with {count} keys", f"serving in {took:.1f} s",
              "<= 5 s", took <= 5 and count >= keys, seconds=round(took, 2))


ROWS = {"kill": kills, "stop": stops, "restart": restarts, "minority": minority,
        "set": beside_etcd, "get": through_any, "idle": idle, "full": full_restart}


def main():
    words = argparse.ArgumentParser(description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--short", action="store_true")
    words.add_argument("--rows", default=",".join(ROWS))
    words.add_argument("--trials", type=int, default=100)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--out", default=str(ROOT / "bench/results/cluster"))
    options = words.parse_args()
    options.shorter = 10 if options.short else 1
    if options.short:
        options.trials, options.rounds = 2, 1
    table = Table()
    for name in options.rows.split(","):
        ROWS[name](table, options)
    table.write("A cluster of three nodes on one machine", options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
