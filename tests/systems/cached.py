"""Client-side caching of redis-py while the node that leads is killed: what a reader keeps is never older
than what it has read before, and of everything that was acknowledged it hears.

    cached.py PORTS ROUNDS
"""

import sys

import redis
from redis.cache import CacheConfig

from failover import KILLED, again, finish, plain, start, under_way, wait

KEYS = 8


class Reader:
    """A client that keeps what it reads."""

    def __init__(self, port):
        self.client = redis.Redis(port=port, protocol=3, cache_config=CacheConfig())
        self.seen = [0] * KEYS
        self.reads = 0

    def look(self, key):
        value = int(again(lambda: self.client.get(f"cached:{key}")) or 0)
        assert value >= self.seen[key], f"key {key}: {value} after {self.seen[key]}"
        self.seen[key] = value
        self.reads += 1

    def run(self, over):
        while not over():
            for key in range(KEYS):
                self.look(key)


def main(ports, rounds):
    readers = [Reader(port) for port in ports for _ in range(2)]
    written = [0] * KEYS
    over = []

    def write():
        connection = plain(ports[-1])
        left = rounds
        while left:
            for key in range(KEYS):
                again(lambda: connection.set(f"cached:{key}", written[key] + 1))
                written[key] += 1
            told = list(written)
            wait(lambda: all(reader.seen[key] >= told[key] for reader in readers for key in range(KEYS)),
                 "what was acknowledged is read")
            left -= KILLED.is_set()

    threads = start([write] + [lambda reader=reader: reader.run(lambda: over) for reader in readers])
    wait(lambda: written[0] >= rounds, "first writes")
    under_way()
    finish(threads[:1])
    over.append(True)
    finish(threads)
    for reader, port in zip(readers, [port for port in ports for _ in range(2)]):
        keeps(reader, port)
    reads = sum(reader.reads for reader in readers)
    print(f"{sum(written)} writes, each heard of by {len(readers)} readers, {reads} reads", flush=True)


def keeps(reader, port):
    """Nothing is written any more, so nothing is asked any more."""
    for key in range(KEYS):
        reader.look(key)
    before = calls(port)
    for _ in range(50):
        for key in range(KEYS):
            reader.look(key)
    assert calls(port) - before < 50, "it asks each time"


def calls(port):
    return again(lambda: plain(port).info("commandstats")).get("cmdstat_get", {}).get("calls", 0)


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1].split(",")], int(sys.argv[2]))
