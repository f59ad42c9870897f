"""Counters guarded by locks of redis-py, python-redis-lock and redlock-py, while the node that leads is
killed: no two hold a lock at once, no lock that was acknowledged is gone, no count is lost.

    guarded.py PORTS ROUNDS
"""

import logging
import sys
import threading
import time
import uuid

import redis_lock
import redlock

from failover import KILLED, again, finish, plain, start, under_way, wait

LEASE_SECONDS = 20
THREADS = 4


class RedisPy:
    """A hold of redis-py's Lock, polled."""

    key = "guarded:redis-py"

    def __init__(self, connection):
        self.connection, self.token, self.unsure = connection, uuid.uuid4().hex.encode(), False
        self.lock = connection.lock(self.key, timeout=LEASE_SECONDS, sleep=0.005)

    def acquire(self):
        # An earlier attempt whose answer was lost may have taken it.
        if self.unsure and self.connection.get(self.key) == self.token:
            self.lock.local.token = self.token
            return
        self.unsure = True
        while not self.lock.acquire(blocking_timeout=1, token=self.token):
            self.unsure = False

    def release(self):
        self.lock.do_release(self.token)


class PythonRedisLock:
    """A hold of python-redis-lock, which waits in BLPOP."""

    key = "lock:guarded"

    def __init__(self, connection):
        self.lock = redis_lock.Lock(connection, "guarded", expire=LEASE_SECONDS)
        self.token = self.lock.id.encode()

    def acquire(self):
        try:
            self.lock.acquire()
        except redis_lock.AlreadyAcquired:
            pass  # by an earlier attempt whose answer was lost

    def release(self):
        self.lock.release()


class RedlockPy:
    """A hold of redlock-py, which looks after lost answers itself."""

    key = "guarded:redlock-py"

    def __init__(self, connection):
        self.manager = redlock.Redlock([connection], retry_count=100, retry_delay=0.005)

    def acquire(self):
        while not (held := self.manager.lock(self.key, LEASE_SECONDS * 1000)):
            pass
        self.held, self.token = held, held.key

    def release(self):
        self.manager.unlock(self.held)


class Guarded:
    """A counter that is read and written under a lock, and who is inside."""

    def __init__(self, library):
        self.library, self.name = library, library.__name__
        self.counter = f"counted:{self.name}"
        self.mutex = threading.Lock()
        self.inside, self.counted = {}, 0

    def round(self, connection):
        hold = self.library(connection)
        again(hold.acquire)
        acquired = time.monotonic()
        left = again(lambda: connection.pttl(hold.key)) / 1000
        assert left > 0, f"{self.name}: what was acquired is not there"
        lease_ends = acquired + left
        self.enter(hold, lease_ends)
        seen = int(again(lambda: connection.get(self.counter)) or 0)
        again(lambda: connection.set(self.counter, seen + 1))
        held = again(lambda: connection.get(hold.key))
        assert time.monotonic() < lease_ends, f"{self.name}: stood still for longer than a lease"
        assert held == hold.token, f"{self.name}: what was held is gone: {held}"
        with self.mutex:
            del self.inside[hold]
            self.counted += 1
        self.let_go(connection, hold)

    def enter(self, hold, lease_ends):
        with self.mutex:
            others = [end for end in self.inside.values() if time.monotonic() < end]
            assert not others, f"{self.name}: two hold it at once"
            self.inside[hold] = lease_ends

    def let_go(self, connection, hold):
        """Until it is somebody else's or nobody's: the answer to a release may be lost."""
        while again(lambda: connection.get(hold.key)) == hold.token:
            try:
                hold.release()
            except Exception as why:  # noqa: BLE001: each library has errors of its own
                print(f"{self.name}: released again: {why!r}", flush=True)


def main(ports, rounds):
    logging.disable(logging.CRITICAL)
    all_guarded = [Guarded(library) for library in (RedisPy, PythonRedisLock, RedlockPy)]

    def work(guarded, port):
        connection = plain(port)
        while not KILLED.is_set():
            guarded.round(connection)
        for _ in range(rounds):
            guarded.round(connection)

    threads = start([lambda guarded=guarded, port=ports[at % len(ports)]: work(guarded, port)
                     for guarded in all_guarded for at in range(THREADS)])
    wait(lambda: all(guarded.counted >= THREADS for guarded in all_guarded), "first counts")
    under_way()
    finish(threads)
    connection = plain(ports[-1])
    for guarded in all_guarded:
        found = int(again(lambda: connection.get(guarded.counter)))
        assert found == guarded.counted, f"{guarded.name}: {found} of {guarded.counted}"
        print(f"{guarded.name}: {found} counts, none lost", flush=True)


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1].split(",")], int(sys.argv[2]))
