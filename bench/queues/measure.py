"""What a run costs and gives: messages per second, processor time, bytes written, memory."""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time

from nodes import GENERATOR, ROOT

QUEUE_PEERS = os.environ.get(
    "QUEUE_PEERS", str(ROOT / "bench/queue-peers/target/release/queue-peers"))

PRODUCERS, CONSUMERS, QUEUES, BYTES = 50, 100, 10, 1024
BLOCK_MS = 1000


class Run:
    """What one run of a load generator showed."""

    def __init__(self, per_second, push_p99_ms, messages, sound):
        self.per_second, self.push_p99_ms = per_second, push_p99_ms
        self.messages, self.sound = messages, sound
        # In microseconds of processor time for each message, and bytes.
        self.server_us = self.generator_us = self.written = 0.0

    def shown(self):
        return {name: round(value, 2) if isinstance(value, float) else value
                for name, value in vars(self).items()}


def beside(peer, measure):
    """Measures, and adds what that costs the processes of a peer and the generator."""
    os.sync()
    pids = peer.pids()
    used, written, own = processor(pids), disk(pids), own_processor()
    run = measure()
    count = max(run.messages, 1)
    run.server_us = (processor(pids) - used) / count * 1e6
    run.generator_us = (own_processor() - own) / count * 1e6
    run.written = (disk(pids) - written) / count / len(peer.ports)
    return run


def generate(table, ports, workload, *flags):
    """A run of Lockstep's load generator; its report, and whether it is sound."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        words = [GENERATOR, workload, "--ports", ",".join(map(str, ports)), "--threads", 1,
                 "--queues", QUEUES, "--value-bytes", BYTES, "--quiet", "--json", file.name,
                 *flags]
        sound = table.attempt(words)
        return json.load(open(file.name)), sound


def resp(table, ports, workload, seconds, window=1, *flags):
    """Producers and consumers over RESP: `queue` for Lockstep, `stream` for Redis."""
    report, sound = generate(
        table, ports, workload, "--clients", PRODUCERS + CONSUMERS, "--producers", PRODUCERS,
        "--block-ms", BLOCK_MS, "--pipeline", window, "--count", window, "--duration", seconds,
        *flags)
    push = report["by_command"]["qpush" if workload == "queue" else "xadd"]
    # An operation is a message pushed, or one taken and acknowledged.
    taken = (report["operations"] - push["count"]) / report["seconds"]
    return Run(taken, push["p99"] / 1000, report["counters"]["pushed"], sound)


def other(table, peer, ports, seconds, window=1, replicas=1, connections=0, prefetch=16):
    """The same with RabbitMQ or NATS."""
    out = table.run([QUEUE_PEERS, peer, "--ports", ",".join(map(str, ports)), "--seconds",
                     seconds, "--window", window, "--replicas", replicas, "--producers",
                     PRODUCERS, "--consumers", CONSUMERS, "--queues", QUEUES, "--bytes", BYTES,
                     "--connections", connections, "--prefetch", prefetch])
    seen = json.loads(out)
    return Run(seen["per_second"], seen["push_p99_us"] / 1000, seen["pushed"],
               seen["acked"] >= seen["pushed"])


def processor(pids):
    """Seconds of processor time so far."""
    ticks, total = os.sysconf("SC_CLK_TCK"), 0
    for pid in pids:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def own_processor():
    """The same of what this script has run and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def disk(pids):
    """Bytes that processes had written to the disk so far."""
    return sum(field(f"/proc/{pid}/io", "write_bytes") for pid in pids)


def resident(pid):
    """Bytes of memory that a process occupies."""
    return field(f"/proc/{pid}/status", "VmRSS") * 1024


def field(path, name):
    try:
        for line in open(path):
            if line.startswith(name + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


class Watched:
    """Looks at a process ten times a second: how much memory it occupies at most."""

    def __init__(self, pid):
        self.pid, self.peak, self.over = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.over.wait(0.1):
            self.peak = max(self.peak, resident(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
