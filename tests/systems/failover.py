"""What sessions share that go on while the node that leads is killed.

Whoever starts them reads "under way" on their output, kills the node and writes "killed" to their
input. The first of the ports they are given is an address in front of the nodes: connections to the
one that is killed end, and new ones lead to another. The second is a node that stays."""

import os
import sys
import threading
import time

import redis

PATIENCE_SECONDS = 120
KILLED = threading.Event()
FAILED = threading.Event()


def under_way():
    """Tells that the node may be killed, and from then on listens for when it was."""
    def listen():
        if sys.stdin.readline().strip() != "killed":
            os._exit(1)
        KILLED.set()

    threading.Thread(target=listen, daemon=True).start()
    print("under way", flush=True)


def plain(port, **options):
    """A connection that does not try again by itself: what is unsure is seen."""
    return redis.Redis(port=port, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0), **options)


def again(ask):
    """The answer to what may be asked twice, through connections that break."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except redis.RedisError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def wait(holds, what):
    """Waits for what other threads do, as long as none of them has failed."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if FAILED.is_set():
            sys.exit(1)
        if time.monotonic() > end:
            raise SystemExit(f"still not: {what}")
        time.sleep(0.005)


def start(works):
    """Threads for all of these; one that fails is noticed."""
    def run(work):
        try:
            work()
        except BaseException:
            FAILED.set()
            raise

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads


def finish(threads):
    wait(lambda: not any(thread.is_alive() for thread in threads), "the end of all threads")
    if FAILED.is_set():
        sys.exit(1)
