#!/usr/bin/env python3
"""Cycles of redis-py's `Lock` (acquire, release) on a redis-server, by threads of some processes.

Prints one line of JSON. Needs `pip install redis`.

    redis_py_lock.py PORT CLIENTS NAMES SECONDS
"""

import json
import multiprocessing
import os
import random
import sys
import threading
import time

import redis

PROCESSES = max(1, min(4, os.cpu_count() or 1))


def client(port, names, end, counts, at, seed):
    connection = redis.Redis(port=port)
    choose = random.Random(seed)
    done = 0
    while time.monotonic() < end:
        lock = connection.lock(f"lock:{choose.randrange(names)}", timeout=30, sleep=0.01)
        if lock.acquire(blocking_timeout=10):
            lock.release()
            done += 1
    counts[at] = done


def share(port, clients, names, end, total, seed):
    counts = [0] * clients
    threads = [threading.Thread(target=client, args=(port, names, end, counts, at, seed * 1000 + at))
               for at in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with total.get_lock():
        total.value += sum(counts)


def main():
    port, clients, names, seconds = map(int, sys.argv[1:5])
    total = multiprocessing.Value("q", 0)
    begun = time.monotonic()
    processes = [multiprocessing.Process(
        target=share, args=(port, clients // PROCESSES, names, begun + seconds, total, at))
        for at in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    elapsed = time.monotonic() - begun
    print(json.dumps({"per_second": round(total.value / elapsed)}))


if __name__ == "__main__":
    main()
