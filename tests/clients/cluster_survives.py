"""A client of redis-py's RedisCluster that must live through the death of a node:
`cluster_survives.py PORT`. Says `working` when it is at work, reads `killed` when a node
was killed, and ends well if it then writes to every slot's shard again and finds all it
was told is there."""

import sys
import threading
import time

from redis.backoff import ConstantBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

PORT = int(sys.argv[1])
SPREAD = 60
PATIENCE = 30

TROUBLE = (RedisError, RedisClusterException, OSError)


def connect():
    begun = time.monotonic()
    while True:
        try:
            return RedisCluster(
                startup_nodes=[ClusterNode("127.0.0.1", PORT)],
                decode_responses=True,
                socket_timeout=2,
                retry=Retry(ConstantBackoff(0.1), 3),
            )
        except TROUBLE:
            if time.monotonic() - begun > PATIENCE:
                raise


r = connect()
acknowledged = {}
failures = 0
killed = threading.Event()


def write(turn):
    """One write to each of some keys, which are spread over all shards."""
    global failures
    done = 0
    for i in range(SPREAD):
        try:
            r.set(f"key:{i}", turn)
            acknowledged[i] = turn
            done += 1
        except TROUBLE:
            failures += 1
    return done


def listen():
    assert sys.stdin.readline().strip() == "killed"
    killed.set()


threading.Thread(target=listen, daemon=True).start()
turn = 0
while write(turn) < SPREAD:
    turn += 1
print("working", flush=True)
while not killed.is_set():
    turn += 1
    write(turn)
begun = time.monotonic()
whole = 0
while whole < 5:
    turn += 1
    whole = whole + 1 if write(turn) == SPREAD else 0
    assert time.monotonic() - begun < PATIENCE, f"no recovery, {failures} failures"
for i, value in acknowledged.items():
    for attempt in range(50):
        try:
            assert int(r.get(f"key:{i}")) >= value
            break
        except TROUBLE:
            assert attempt < 49, f"key:{i} cannot be read"
print(f"recovered after {time.monotonic() - begun:.2f} s with {failures} failures", flush=True)
