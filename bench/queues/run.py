#!/usr/bin/env python3
"""Measures queues: push, pop and ack beside Redis Streams, RabbitMQ and NATS, on one node and on
three; latency, a large backlog, restart, bytes written, consumers that wait.

    cargo build --release --workspace
    cargo build --release --manifest-path bench/queue-peers/Cargo.toml
    apt-get install redis-server rabbitmq-server nats-server
    bench/queues/run.py                      # about 11 minutes; writes bench/results/queues.{md,json}
    bench/queues/run.py --short              # shows that everything runs, proves nothing
    bench/queues/run.py --rows one,latency   # some rows only

SERVER, GENERATOR and QUEUE_PEERS name other binaries than those in target/release.
"""

import argparse
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))

import backlog  # noqa: E402
import idle  # noqa: E402
from measure import beside, other, resp  # noqa: E402
from nodes import ROOT  # noqa: E402
from peers import Lockstep, Nats, Rabbit, Redis  # noqa: E402
from table import Table  # noqa: E402

# A producer has one message in flight, or so many.
WINDOWS = (1, 16)
# RabbitMQ's clients share connections, as its clients do; more were slower.
RABBIT_CONNECTIONS = 12
# What the log has written when all of its files have been used once; not waited for much longer.
MADE_SECONDS_MAX = 45
WORK = "push + pop + ack, 1 KB, 50 producers, 100 consumers, 10 queues"


class Turns:
    """Runs of several peers, in turns."""

    def __init__(self, table, options, peers):
        self.table, self.peers = table, peers
        self.runs = {name: {window: [] for window in WINDOWS} for name in peers}
        for _ in range(options.rounds):
            for name, (start, measure) in peers.items():
                peer = start()
                try:
                    # Nothing of what it does at first is measured.
                    measure(peer, 1, 1)
                    for window in WINDOWS:
                        run = beside(peer, lambda: measure(peer, options.seconds, window))
                        self.runs[name][window].append(run)
                        print(f"  {name}, window {window}: {run.shown()}", file=sys.stderr,
                              flush=True)
                finally:
                    peer.stop()

    def median(self, name, window, what="per_second"):
        return statistics.median(getattr(run, what) for run in self.runs[name][window])

    def add(self, where, name, least):
        """A row that compares Lockstep with a peer; no `least`: no goal."""
        ratios = [self.median("Lockstep", window) / self.median(name, window)
                  for window in WINDOWS]
        ours, theirs = (self.described(one) for one in ("Lockstep", name))
        sound = all(run.sound for one in ("Lockstep", name) for window in WINDOWS
                    for run in self.runs[one][window])
        goal = f"ratio >= {least}" if least else "reported"
        self.table.add(
            f"{WORK}, {where}, beside {name}",
            f"{ours} beside {theirs}, ratio {ratios[0]:.2f}; with {WINDOWS[1]} in flight per "
            f"producer {self.median('Lockstep', 16):.0f}/s beside {self.median(name, 16):.0f}/s, "
            f"ratio {ratios[1]:.2f}{'' if sound else '; NOT SOUND'}",
            goal, sound and (least is None or ratios[0] >= least),
            runs={one: {window: [run.shown() for run in runs]
                        for window, runs in self.runs[one].items()}
                  for one in ("Lockstep", name)})

    def described(self, name):
        return (f"{self.median(name, 1):.0f}/s ({self.median(name, 1, 'server_us'):.0f} us of "
                f"processor time a message, client {self.median(name, 1, 'generator_us'):.0f})")


def one(table, options):
    """Lockstep alone beside its peers."""
    turns = Turns(table, options, {
        "Lockstep": (lambda: Lockstep(1), lockstep(table)),
        "Redis Streams": (Redis, lambda peer, seconds, window: resp(
            table, peer.ports, "stream", seconds, window)),
        "RabbitMQ": (Rabbit, rabbit(table, 1)),
        "NATS, sync always": (Nats, nats(table, 1)),
        "NATS, its default": (lambda: Nats(sync=False), nats(table, 1)),
    })
    turns.add("one node", "Redis Streams", 1.0)
    turns.add("one node", "RabbitMQ", 3)
    turns.add("one node", "NATS, sync always", 3)
    turns.add("one node", "NATS, its default", None)


def three(table, options):
    """The same in clusters."""
    turns = Turns(table, options, {
        "Lockstep": (lambda: Lockstep(3), lockstep(table)),
        "RabbitMQ": (lambda: Rabbit(3), rabbit(table, 3)),
        "NATS, sync always": (lambda: Nats(3), nats(table, 3)),
    })
    turns.add("three nodes", "RabbitMQ", 3)
    turns.add("three nodes", "NATS, sync always", 3)
    alone, many = (turns.median("Lockstep", window) for window in WINDOWS)
    table.add(f"{WORK}, three nodes",
              f"{many:.0f} messages/s with {WINDOWS[1]} in flight per producer, {alone:.0f}/s "
              "with one", ">= 20000/s", many >= 20_000)


def latency(table, options):
    """How long a push takes at half of what goes through at most."""
    cluster = Lockstep(3)
    try:
        resp(table, cluster.ports, "queue", 1)
        full = resp(table, cluster.ports, "queue", options.seconds).per_second
        half = resp(table, cluster.ports, "queue", options.seconds, 1, "--rate", int(full / 2))
    finally:
        cluster.stop()
    table.add("push latency at half load, three nodes",
              f"p99 {half.push_p99_ms:.1f} ms at {half.per_second:.0f}/s (full load "
              f"{full:.0f}/s, open loop)", "p99 < 10 ms",
              half.push_p99_ms < 10 and half.sound)


def written(table, options):
    """Bytes for a message that is acknowledged within a second, once the log has its files: those
    are filled with zeros when they are made, and used again."""
    for nodes in (1, 3):
        cluster = Lockstep(nodes)
        try:
            young = made(table, cluster, options)
            runs = {window: beside(cluster, lambda: resp(table, cluster.ports, "queue",
                                                         options.seconds, window))
                    for window in WINDOWS}
        finally:
            cluster.stop()
        each = ", ".join(f"{run.written:.0f} with {window} in flight per producer"
                         for window, run in runs.items())
        worst = max(run.written for run in runs.values())
        table.add(f"bytes written per 1 KB message on each node, {named(nodes)}",
                  f"{each}; {young:.0f} while the files of the log are made",
                  "<= 1331", worst <= 1331)


def made(table, cluster, options):
    """Until all files of the log are there; bytes per message meanwhile."""
    messages, written, end = 0, 0, time.monotonic() + MADE_SECONDS_MAX
    while messages < options.made and time.monotonic() < end:
        run = beside(cluster, lambda: resp(table, cluster.ports, "queue", options.seconds,
                                           WINDOWS[1]))
        messages, written = messages + run.messages, written + run.written * run.messages
    return written / messages


def named(nodes):
    return "one node" if nodes == 1 else "three nodes"


def lockstep(table):
    return lambda peer, seconds, window: resp(table, peer.ports, "queue", seconds, window)


def rabbit(table, replicas):
    return lambda peer, seconds, window: other(table, "rabbit", peer.ports, seconds, window,
                                               replicas, RABBIT_CONNECTIONS)


def nats(table, replicas):
    return lambda peer, seconds, window: other(table, "nats", peer.ports, seconds, window,
                                               replicas)


ROWS = {"one": one, "three": three, "latency": latency, "written": written,
        "backlog": backlog.backlog, "idle": idle.idle}


def main():
    words = argparse.ArgumentParser(description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--short", action="store_true")
    words.add_argument("--rows", default=",".join(ROWS))
    words.add_argument("--rounds", type=int)
    words.add_argument("--seconds", type=int)
    words.add_argument("--messages", type=int, help="how many the backlog has")
    words.add_argument("--wait", nargs=4, type=int, help=argparse.SUPPRESS)
    words.add_argument("--out", default=str(ROOT / "bench/results/queues"))
    options = words.parse_args()
    if options.wait:
        idle.wait_for_messages(*options.wait)
        return
    options.rounds = options.rounds or (1 if options.short else 2)
    options.seconds = options.seconds or (1 if options.short else 4)
    options.made = 20_000 if options.short else 700_000
    options.messages = options.messages or (20_000 if options.short else 2_000_000)
    options.consumers = 300 if options.short else 10_000
    table = Table()
    for name in options.rows.split(","):
        try:
            ROWS[name](table, options)
        except (Exception, SystemExit) as why:
            # The others are worth having.
            table.add(name, f"could not be measured: {why}", "measured", False)
        table.write("Queues", options.out)
    sys.exit(0 if options.short or all(row["held"] for row in table.rows) else 1)


if __name__ == "__main__":
    main()
