#!/usr/bin/env python3
"""Sends the letters of a queue: `worker.py QUEUE HOST:PORT [HOST:PORT ...]`, with redis-py.

A message is a JSON object, `{"to": "ann@example.org"}`. Start as many workers as there is work for, anywhere, and
end them with SIGTERM. Name all nodes: whichever answers will do. Everything that is sent here is safe to repeat,
because replies get lost when a node dies:

* a pop with the same REQID gives the same delivery;
* QACK, QNACK and QEXTEND name a delivery by its receipt, and what is settled stays settled;
* the letter is kept under the message's id, which is the same in every delivery.

What a worker had that died comes to another when its visibility timeout is over.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import uuid

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# Short, so that what a dead worker had comes back soon: work that takes longer extends it.
VISIBLE_AFTER_MS = 3_000
BLOCK_MS = 2_000
# Without an answer of any node for so long the worker ends, and whatever started it may start it again.
PATIENCE_S = 60

NAME = f"{socket.gethostname()}:{os.getpid()}"
LOST = (redis.ConnectionError, redis.TimeoutError, OSError)
# Another node may do it, or this one in a moment.
AGAIN = ("CLUSTERDOWN", "UNCERTAIN", "TRYAGAIN", "UNBLOCKED")

stopping = threading.Event()


class Nodes:
    """A connection to one node, and to the next one when that fails."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.turn = 0
        self.client = None

    def call(self, *words):
        """Sends a command until it is answered. It has to be safe to repeat."""
        begun = time.monotonic()
        while True:
            try:
                return self.connection().execute_command(*words)
            except redis.AuthenticationError:
                raise
            except LOST as problem:
                why = problem
            except redis.ResponseError as problem:
                if code(problem) not in AGAIN:
                    raise
                why = problem
            if time.monotonic() - begun > PATIENCE_S:
                raise why
            self.move_on()

    def connection(self):
        if self.client is None:
            host, port = self.addresses[self.turn % len(self.addresses)].rsplit(":", 1)
            self.client = redis.Redis(
                host=host,
                port=int(port),
                socket_connect_timeout=1,
                # Longer than the longest wait, so that a node that says nothing is found out.
                socket_timeout=BLOCK_MS / 1000 + 3,
                # Repeating is done here, at the next node.
                retry=Retry(NoBackoff(), 0),
            )
        return self.client

    def move_on(self):
        self.client.close()
        self.client = None
        self.turn += 1
        time.sleep(0.05)


def code(problem):
    """The first word of an error, which redis-py keeps apart for those it knows."""
    return getattr(problem, "status_code", None) or str(problem).split(" ")[0]


class Extended:
    """Keeps a message hidden from others for as long as the work on it lasts."""

    def __init__(self, nodes, queue, receipt):
        self.nodes, self.words = nodes, ("QEXTEND", queue, receipt, VISIBLE_AFTER_MS)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def run(self):
        while not self.over.wait(VISIBLE_AFTER_MS / 3000):
            try:
                self.nodes.call(*self.words)
            except (redis.RedisError, OSError) as problem:
                # Somebody else has it by now. Both keep the letter under the same id.
                print(f"{NAME}: {self.words[2]!r} is not extended: {problem}", file=sys.stderr)
                return


class Worker:
    """Takes messages one after the other, until it is told to stop."""

    def __init__(self, queue, addresses):
        self.queue = queue
        # The second connection extends while the first one is at work.
        self.nodes, self.extending = Nodes(addresses), Nodes(addresses)

    def run(self):
        job = None
        while not stopping.is_set():
            job = self.work(*job) if job else self.pop()
        if job:
            # Nothing was wrong with it: it does not count as a failure.
            self.give_back(job[0], "SILENT")

    def wanted(self):
        """The words about a delivery; their REQID is new for each, and the same when it is asked for again."""
        return ("BLOCK", BLOCK_MS, "VT", VISIBLE_AFTER_MS, "CONSUMER", NAME, "REQID", uuid.uuid4().hex)

    def pop(self):
        return self.nodes.call("QPOP", self.queue, *self.wanted())

    def work(self, receipt, body):
        """Settles a message, or says what was wrong, and gives the next one if there is one."""
        try:
            letter = json.loads(body)
        except ValueError as problem:
            # It will never be better: it is dead at once, for somebody to look at.
            return self.give_back(receipt, "FATAL", "ERR", f"{problem}"[:200])
        try:
            with Extended(self.extending, self.queue, receipt):
                self.send(receipt.decode().rsplit("-", 1)[0], letter)
        except LOST:
            raise
        except Exception as problem:
            # It comes back after a while, and is dead when it has failed too often.
            return self.give_back(receipt, "FAIL", "ERR", f"{problem}"[:200])
        # One command settles this message and takes the next: two entries of the log for each, not three.
        _, more = self.nodes.call("QACK", self.queue, receipt, "POP", 1, *self.wanted())
        return more[0] if more else None

    def give_back(self, receipt, *how):
        try:
            self.nodes.call("QNACK", self.queue, receipt, *how)
        except redis.ResponseError as refused:
            # Said before, and the reply was lost; or it took too long and is somebody else's.
            if code(refused) != "QSTALE":
                raise

    def send(self, message, letter):
        """The work: here it takes its time, and what was done is written down."""
        if "@" not in letter["to"]:
            raise ValueError(f"no address: {letter['to']}")
        time.sleep(letter.get("seconds", 0))
        self.nodes.call("SET", f"sent:{message}", letter["to"])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    Worker(sys.argv[1], sys.argv[2:]).run()
