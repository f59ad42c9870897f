#!/usr/bin/env python3
"""Shows who has a copy of a key: starts three nodes and lets redis-cli read the key at the first
and the second, write it at the third, and read it at the first again.

    cargo build --release && bench/cache/show.py
"""

import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))

from nodes import Lockstep  # noqa: E402
from resp import Client  # noqa: E402


def shown(cluster, at, *words):
    """What redis-cli says at a node."""
    command = ["redis-cli", "-p", str(cluster.ports[at]), *words]
    answer = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    print(f"node {at + 1}> {' '.join(words)}\n{answer}", end="", flush=True)


def pairs(reply):
    return dict(zip((name.decode() for name in reply[::2]), reply[1::2]))


def myself(port):
    """What CACHE calls a node."""
    return next(node["id"] for node in map(pairs, Client(port)("NODE", "LIST")) if node["myself"])


def state(cluster, ids, before):
    """The states at the three nodes, and what was sent since the last look."""
    # That others have a copy as well is told behind the answer.
    time.sleep(0.3)
    state = pairs(Client(cluster.ports[0])("CACHE", "STATE", "a")[0])
    letters = {node["id"]: node["state"].decode() for node in map(pairs, state["nodes"])}
    counts = state["probes"], state["pushes"]
    print(f"        {'/'.join(letters[node] for node in ids)}  probes {counts[0] - before[0]}, "
          f"pushes {counts[1] - before[1]}\n", flush=True)
    return counts


def main():
    cluster = Lockstep(3)
    try:
        cluster.settled_leader()
        # Every node has its session with the home.
        for port in cluster.ports:
            Client(port)("GET", "ready")
        time.sleep(1)
        ids = [myself(port) for port in cluster.ports]
        counts = pairs(Client(cluster.ports[0])("CACHE", "STATE", "a")[0])
        counts = counts["probes"], counts["pushes"]
        for at, words in ((0, "GET a"), (1, "GET a"), (2, "SET a 1"), (0, "GET a")):
            shown(cluster, at, *words.split())
            counts = state(cluster, ids, counts)
        shown(cluster, 0, "CACHE", "STATE", "a")
    finally:
        cluster.stop()


main()
