#!/usr/bin/env python3
"""Measures the coherent cache of a cluster: reads from copies beside reads at the home and forwarded
ones, a mix with writes, hit rates, what sharers cost a write, one hot key.

    cargo build --release --workspace
    bench/cache/run.py                      # about 6 minutes; writes bench/results/cache.{md,json}
    bench/cache/run.py --short              # shows that everything runs, proves nothing
    bench/cache/run.py --rows hit,hot       # some rows only

SERVER and GENERATOR name other binaries than those in target/release.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))

from nodes import GENERATOR, ROOT, Lockstep  # noqa: E402
from resp import Client  # noqa: E402
from table import Table  # noqa: E402

KEYS, ENTRIES, CLIENTS = 10_000, 1_000, 200
# Hit rates of S3-FIFO on read-only loads, 10,000 keys and 1,000 entries, by Zipf's exponent:
# computed in a simulation of 10 million reads behind 2 million.
S3_FIFO = {0.8: 53.00, 0.99: 72.94, 1.2: 89.11}
# Connections and requests in flight on each.
FORMS = ((1, 1), (50, 1), (50, 16))
# Whoever only looks on lets the others have the processors.
PAUSE = 0.005
# Operations per second while latency is looked at.
CALM_RATE = 10_000


class Run:
    """A cluster whose home is known, and what is asked of it."""

    def __init__(self, table, options, flags=()):
        self.table, self.options = table, options
        self.cluster = Lockstep(3, flags=flags)
        self.home = self.cluster.settled_leader()
        self.ports = self.cluster.ports
        self.others = [port for at, port in enumerate(self.ports) if at != self.home]

    def set(self, name, value):
        for port in self.ports:
            Client(port)("CONFIG", "SET", name, value)

    def generate(self, workload, ports, *flags, seconds=None):
        """A run of the load generator; its report."""
        if seconds is None:
            seconds = self.options.seconds
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            self.table.run([GENERATOR, workload, "--ports", ",".join(map(str, ports)), "--threads",
                            1, "--quiet", "--json", file.name, "--duration", seconds, *flags])
            return json.load(file)

    def reads(self, ports, *flags, seconds=None):
        """GETs per second."""
        flags = ("--no-preload", *flags)
        return self.generate("get", ports, *flags, seconds=seconds)["throughput"]["mean"]

    def stats(self, ports=None):
        """CACHE STATS of some nodes, all of them together."""
        total = {}
        for port in ports or self.ports:
            reply = Client(port)("CACHE", "STATS")
            for name, value in zip(reply[::2], reply[1::2]):
                if isinstance(value, int):
                    name = name.decode() if isinstance(name, bytes) else name
                    total[name] = total.get(name, 0) + value
        return total

    def reset(self):
        for port in self.ports:
            Client(port)("CACHE", "STATS", "RESET")


# Copies of single keys only.
LINES = ("--cache-replica-reads", "no")


@contextlib.contextmanager
def running(table, options, *flags):
    run = Run(table, options, flags)
    try:
        yield run
    finally:
        run.cluster.stop()


def share(stats):
    """Which share of reads needed no other node, in percent."""
    here = stats["hit_local"] + stats["hit_replica"] + stats["hit_home"]
    return 100 * here / max(stats["gets"], 1)


def hits(table, options):
    """Reads from copies beside reads at the home and forwarded ones."""
    with running(table, options, *LINES) as run:
        run.generate("load", [run.ports[run.home]], "--keys", 100, "--clients", 1, seconds=60)
        home, other = [run.ports[run.home]], run.others[:1]
        for clients, pipeline in FORMS:
            flags = ("--keys", 100, "--clients", clients, "--pipeline", pipeline)
            found = {"home": [], "copy": [], "forwarded": []}
            for _ in range(options.rounds):
                found["home"].append(run.reads(home, *flags))
                found["copy"].append(run.reads(other, *flags))
                run.set("cache-read-mode", "off")
                found["forwarded"].append(run.reads(other, *flags))
                run.set("cache-read-mode", "lease")
                time.sleep(1)
            home_rate, copy, forwarded = (statistics.median(found[kind]) for kind in found)
            table.add(
                f"GET from a copy, {clients} connections with {pipeline} in flight",
                f"{copy:.0f}/s; at the home {home_rate:.0f}/s, ratio {copy / home_rate:.2f}; "
                f"forwarded {forwarded:.0f}/s, ratio {copy / forwarded:.2f}",
                ">= 0.9 of the home, >= 3 x forwarded",
                copy >= 0.9 * home_rate and copy >= 3 * forwarded)


class Checker(threading.Thread):
    """Counts up through one node and reads through another, over and over: whether a read
    ever gives less than what was acknowledged before it began."""

    def __init__(self, ports):
        super().__init__(daemon=True)
        self.ports, self.reads, self.stale, self.on = ports, 0, 0, True

    def run(self):
        clients = [Client(port) for port in self.ports]
        turn = 0
        while self.on:
            value = clients[turn % 3]("INCR", "checked")
            for step in range(3):
                self.stale += int(clients[(turn + step) % 3]("GET", "checked")) < value
                self.reads += 1
            turn += 1
            time.sleep(PAUSE)


class Probe(threading.Thread):
    """Times single reads at a node that is not the home, of a key that is there and of keys
    that never were."""

    def __init__(self, port, cold):
        super().__init__(daemon=True)
        self.client, self.cold, self.on = Client(port), cold, True
        self.hits, self.misses = [], []

    def run(self):
        for key in self.cold:
            if not self.on:
                break
            # The first brings it back when it had to make room.
            self.client("GET", "warm")
            self.hits.append(self.time("warm"))
            self.misses.append(self.time(key))
            time.sleep(PAUSE)

    def time(self, key):
        begun = time.perf_counter()
        self.client("GET", key)
        return (time.perf_counter() - begun) * 1000


def mixed(run, *, rate=None):
    """The mix; throughput, share of hits, the checker and the probe."""
    client = Client(run.ports[run.home])
    cold = [f"cold:{at}" for at in range(20_000)]
    for key in ["warm", *cold]:
        client.send("SET", key, "x" * 64)
    for _ in ["warm", *cold]:
        client.read()
    flags = ["--keys", KEYS, "--clients", CLIENTS, "--reads", 0.8, "--zipf", 0.99]
    flags += ["--rate", rate] if rate else []
    run.reset()
    checker, probe = Checker(run.ports), Probe(run.others[0], cold)
    checker.start()
    probe.start()
    report = run.generate("mix", run.ports, *flags, seconds=run.options.mix_seconds)
    checker.on = probe.on = False
    checker.join()
    probe.join()
    assert checker.reads > 0 and probe.misses, "nothing was checked"
    return report, run.stats(), checker, probe


def mix(table, options):
    """80/20 by Zipf 0.99, through all nodes; at full load, and its latency at a part of it."""
    for name, settings in (("defaults", {}), ("cache-replica-reads no", {"cache-replica-reads": "no"}),
                           ("cache-replica-reads no, cache-hot-update auto",
                            {"cache-replica-reads": "no", "cache-hot-update": "auto"})):
        with running(table, options, "--cache-max-entries", str(ENTRIES)) as run:
            for setting, value in settings.items():
                run.set(setting, value)
            report, stats, checker, _ = mixed(run)
            rate, hit = report["throughput"]["mean"], share(stats)
            table.add(
                f"80/20 GET/SET, Zipf 0.99, {KEYS} keys, {ENTRIES} entries per node, {CLIENTS} clients"
                f" through all nodes, {name}",
                f"{rate:.0f}/s, {hit:.1f} % hits ({distribution(run)}), {checker.stale} stale of "
                f"{checker.reads} checked", ">= 85 %, >= 20,000/s, 0 stale",
                hit >= 85 and rate >= 20_000 and checker.stale == 0)
            _, _, checker, probe = mixed(run, rate=CALM_RATE)
            fast, slow = statistics.median(probe.hits), statistics.median(probe.misses)
            table.add(
                f"the same at {CALM_RATE}/s, {name}: single reads beside it",
                f"hit p50 {fast:.2f} ms ({len(probe.hits)}), miss p50 {slow:.2f} ms "
                f"({len(probe.misses)}), {checker.stale} stale of {checker.reads} checked",
                "hit p50 < 1 ms, miss p50 < 3 ms, 0 stale",
                fast < 1 and slow < 3 and checker.stale == 0)


def distribution(run):
    """The states of all lines, in percent."""
    found = {}
    for port in run.ports:
        for line in Client(port)("CACHE", "LINES", "COUNT", ENTRIES):
            fields = dict(zip(line[::2], line[1::2]))
            state = fields[b"state"].decode()
            found[state] = found.get(state, 0) + 1
    total = max(sum(found.values()), 1)
    return ", ".join(f"{state} {100 * found.get(state, 0) / total:.0f} %" for state in "MESI")


def eviction(table, options):
    """Read-only: the share of hits at one node beside the policy's own figures."""
    for exponent, figure in S3_FIFO.items():
        with running(table, options, "--cache-max-entries", str(ENTRIES), *LINES) as run:
            run.generate("load", [run.ports[run.home]], "--keys", KEYS, "--clients", 1,
                         "--pipeline", 64, seconds=60)
            flags = ("--keys", KEYS, "--clients", 50, "--pipeline", 16, "--zipf", exponent)
            run.reads(run.others[:1], *flags, seconds=options.seconds)
            run.reset()
            run.reads(run.others[:1], *flags, seconds=3 * options.seconds)
            stats = run.stats(run.others[:1])
            hit = share(stats)
            table.add(f"read-only, Zipf {exponent}, {KEYS} keys, {ENTRIES} entries, one node",
                      f"{hit:.2f} % hits of {stats['gets']}, S3-FIFO alone {figure:.2f} %",
                      "within 1 point", abs(hit - figure) <= 1)


def sharers(table, options):
    """SET at the home of a key that both others have, and of one that nobody has."""
    for fsync in ("always", "never"):
        with running(table, options, "--fsync", fsync, *LINES) as run:
            home = Client(run.ports[run.home])
            others = [Client(port) for port in run.others]
            took = {True: [], False: []}
            for turn in range(options.writes):
                for shared in (True, False):
                    key = f"{shared}:{turn % 50}"
                    home("SET", key, "x" * 100)
                    if shared:
                        for other in others:
                            other("GET", key)
                    time.sleep(0.001)
                    begun = time.perf_counter()
                    home("SET", key, "x" * 100)
                    took[shared].append((time.perf_counter() - begun) * 1e6)
            with_, without = (statistics.median(took[shared]) for shared in (True, False))
            table.add(f"SET of a key that both other nodes have a copy of, fsync {fsync}",
                      f"p50 {with_:.0f} us beside {without:.0f} us without copies, ratio "
                      f"{with_ / without:.2f}", "ratio <= 1.3", with_ <= 1.3 * without)


def hot(table, options):
    """One key, read through all nodes."""
    with running(table, options, *LINES) as run:
        Client(run.ports[0])("SET", "key:0", "x" * 64)
        run.generate("load", [run.ports[run.home]], "--keys", 1, "--clients", 1, seconds=60)
        for clients, pipeline in ((50, 1), (50, 16)):
            flags = ("--keys", 1, "--clients", clients, "--pipeline", pipeline)
            with_, without = [], []
            for _ in range(options.rounds):
                with_.append(run.reads(run.ports, *flags))
                run.set("cache-read-mode", "off")
                without.append(run.reads(run.ports, *flags))
                run.set("cache-read-mode", "lease")
                time.sleep(1)
            with_, without = statistics.median(with_), statistics.median(without)
            table.add(f"one key read by {clients} connections with {pipeline} in flight through all nodes",
                      f"{with_:.0f}/s, with cache-read-mode off {without:.0f}/s, ratio "
                      f"{with_ / without:.2f}", "ratio >= 2", with_ >= 2 * without)


def replicas(table, options):
    """Reads of more keys than there is room for copies, from replicas; and what it costs writes
    that two nodes which do not lead read so."""
    with running(table, options, "--cache-max-entries", str(ENTRIES)) as run:
        run.generate("load", [run.ports[run.home]], "--keys", KEYS, "--clients", 1, "--pipeline", 64,
                     seconds=60)
        flags = ("--keys", KEYS, "--clients", 50, "--pipeline", 16, "--zipf", 0.99)
        rates = {}
        for way in ("auto", "no"):
            run.set("cache-replica-reads", way)
            run.reads(run.others, *flags)
            run.reset()
            rates[way] = run.reads(run.others, *flags, seconds=2 * options.seconds)
            if way == "auto":
                hit = share(run.stats(run.others))
        table.add(f"read-only, Zipf 0.99, {KEYS} keys, {ENTRIES} entries, at the two nodes that do not lead",
                  f"{hit:.2f} % without another node, {rates['auto']:.0f}/s; from copies of single keys "
                  f"{rates['no']:.0f}/s", "100 %", hit >= 99.9)
    for fsync in ("always", "never"):
        with running(table, options, "--fsync", fsync) as run:
            home = Client(run.ports[run.home])
            others = [Client(port) for port in run.others]
            took, rates = {"yes": [], "no": []}, {"yes": [], "no": []}
            for _ in range(2 * options.rounds):
                for way in ("yes", "no"):
                    run.set("cache-replica-reads", way)
                    begun = time.time()
                    while time.time() < begun + 1:
                        [other("GET", f"cold:{time.time()}") for other in others]
                    for turn in range(options.writes // 4):
                        if turn % 20 == 0:
                            [other("GET", f"cold:{time.time()}") for other in others]
                        begun = time.perf_counter()
                        home("SET", f"key:{turn}", "x" * 100)
                        took[way].append((time.perf_counter() - begun) * 1e6)
                    flags = ("--keys", KEYS, "--clients", 50, "--no-preload")
                    report = run.generate("set", [run.ports[run.home]], *flags)
                    rates[way].append(report["throughput"]["mean"])
            one, many = ({way: statistics.median(each[way]) for way in each} for each in (took, rates))
            table.add(f"SET while both other nodes read from their replicas, fsync {fsync}",
                      f"p50 {one['yes']:.0f} us beside {one['no']:.0f} us, ratio {one['yes'] / one['no']:.2f}; "
                      f"50 clients {many['yes']:.0f}/s beside {many['no']:.0f}/s, ratio "
                      f"{many['yes'] / many['no']:.2f}", "p50 ratio <= 1.3",
                      one["yes"] <= 1.3 * one["no"])


def back(table, options):
    """Plain SETs at a node that does not lead, of keys that it wrote before."""
    for fsync in ("always", "never"):
        with running(table, options, "--fsync", fsync) as run:
            writer = Client(run.others[0])
            took, rates = {"back": [], "through": []}, {"back": [], "through": []}
            for _ in range(2 * options.rounds):
                for way in took:
                    run.set("cache-write-mode", way)
                    # A key is lent behind a write; nothing is lent while replicas are read.
                    for _ in range(10):
                        [writer("SET", f"key:{number}", "x" * 100) for number in range(20)]
                        time.sleep(0.05)
                    for turn in range(options.writes // 4):
                        begun = time.perf_counter()
                        writer("SET", f"key:{turn % 20}", "x" * 100)
                        took[way].append((time.perf_counter() - begun) * 1e6)
                    flags = ("--keys", 1000, "--clients", 50, "--no-preload")
                    report = run.generate("set", [run.others[0]], *flags)
                    rates[way].append(report["throughput"]["mean"])
            one, many = ({way: statistics.median(each[way]) for way in each} for each in (took, rates))
            table.add(f"SET at a node that does not lead and wrote the keys before, fsync {fsync}",
                      f"written back p50 {one['back']:.0f} us, through {one['through']:.0f} us, "
                      f"{one['through'] / one['back']:.1f} x; 50 clients and 1000 keys {many['back']:.0f}/s beside "
                      f"{many['through']:.0f}/s, {many['back'] / many['through']:.1f} x", "none", True)


ROWS = {"replicas": replicas, "back": back, "hit": hits, "mix": mix, "eviction": eviction, "sharers": sharers, "hot": hot}


def main():
    about, usage = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(description=about, epilog=usage,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default=str(ROOT / "bench/results/cache"))
    options = parser.parse_args()
    options.rounds = 1 if options.short else options.rounds
    options.seconds = 1 if options.short else 5
    options.mix_seconds = 2 if options.short else 15
    options.writes = 50 if options.short else 1000
    table = Table()
    for name in options.rows.split(","):
        ROWS[name](table, options)
    table.write("The coherent cache of three nodes on one machine", options.out)


if __name__ == "__main__":
    main()
