#!/usr/bin/env python3
"""Shows what a client sees when the leader dies: starts three nodes, counts through one of
them, and kills the one that leads.

    cargo build --release && bench/cluster/show.py
"""

import time

from nodes import Lockstep
from resp import Client

cluster = Lockstep(3)
try:
    leader = cluster.leader()
    client = Client(cluster.ports[(leader + 1) % 3])
    client("INCR", "hits")
    start = time.monotonic()
    for turn in range(8):
        if turn == 3:
            cluster.kill(leader)
            print(f"{(time.monotonic() - start) * 1000:6.0f} ms  kill -9 of the leader")
        begun = time.monotonic()
        hits = client("INCR", "hits")
        took = (time.monotonic() - begun) * 1000
        print(f"{(time.monotonic() - start) * 1000:6.0f} ms  INCR hits -> {hits}  (took {took:.1f} ms)")
        time.sleep(0.02)
finally:
    cluster.stop()
