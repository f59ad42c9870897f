#!/usr/bin/env python3
"""Measures locks: cycles beside SET, etcd and redis-py's Lock; contention, hand-over, deadlocks,
mass expiry, idle sessions.

    cargo build --release --workspace
    cargo build --release --manifest-path bench/etcd/Cargo.toml     # needs protoc and etcd
    pip install redis                                               # for redis-py's Lock
    bench/locks/run.py                       # about 10 minutes; writes bench/results/locks.{md,json}
    bench/locks/run.py --short               # shows that everything runs, proves nothing
    bench/locks/run.py --rows alone,expiry   # some rows only
"""

import argparse
import json
import pathlib
import random
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))

from nodes import ETCD_PUT, GENERATOR, ROOT, Etcd, Lockstep  # noqa: E402
from resp import Client, Failed  # noqa: E402
from table import Table  # noqa: E402

CLIENTS, NAMES = 100, 10_000
# For what is about many shards; everything else has the server's own default.
SHARDS = 8


def generate(table, ports, workload, seconds, *flags):
    """A run of the load generator; the report."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        table.run([GENERATOR, workload, "--ports", ",".join(map(str, ports)), "--duration",
                   seconds, "--threads", 1, "--quiet", "--json", file.name, *flags])
        return json.load(open(file.name))


def requests_per_second(report):
    return sum(one["count"] for one in report["by_command"].values()) / report["seconds"]


def alone(table, options):
    ours, sets = [], []
    server = Lockstep(1)
    try:
        for _ in range(options.rounds):
            report = generate(table, server.ports, "set", options.seconds, "--clients", CLIENTS,
                                     "--keys", NAMES)
            sets.append(requests_per_second(report))
            report = generate(table, server.ports, "lock", options.seconds, "--clients", CLIENTS,
                                     "--keys", NAMES, "--block-ms", 0)
            ours.append(requests_per_second(report))
    finally:
        server.stop()
    ratio = statistics.median(ours) / statistics.median(sets)
    table.add("LOCK+UNLOCK, 100 clients, 10,000 names, one node, fsync always, beside SET",
              f"{statistics.median(ours):.0f} commands/s beside {statistics.median(sets):.0f}/s, "
              f"ratio {ratio:.2f}", "ratio >= 0.9", ratio >= 0.9, ours=ours, sets=sets)


def peers(table, options):
    """Cycles on three nodes: every client with its own connection; all over one connection to each
    node, as client libraries that multiplex have them; and over one to the node that leads, as a
    library does that multiplexes and knows the cluster. redis-py's Lock knows the first way only,
    and etcd's lock is slowest in the last."""
    ways = {"each with its own connection": CLIENTS, "over a connection to each node": 3,
            "over a connection to the node that leads": 1}
    ours, etcds, pys = {way: [] for way in ways}, {way: [] for way in ways}, []
    for _ in range(options.rounds):
        for way, connections in ways.items():
            ours[way].append(our_cycles(table, options, connections))
            etcds[way].append(etcd_cycles(table, options, max(connections, 3)))
        pys.append(redis_py_cycles(table, options))
    for way in ways:
        compare(table, f"the same on three nodes, clients {way}, beside etcd's lock", ours[way],
                etcds[way], 8)
        compare(table, f"the same on three nodes, clients {way}, beside redis-py's Lock", ours[way],
                pys, 5)


def our_cycles(table, options, connections):
    cluster = Lockstep(3)
    # A LOCK that waits would hold up those behind it on a connection that is shared.
    flags = ["--block-ms", 0] if connections == CLIENTS else []
    try:
        ports = [cluster.ports[cluster.settled_leader()]] if connections == 1 else cluster.ports
        report = generate(table, ports, "lock", options.seconds, "--clients", connections,
                          "--pipeline", -(-CLIENTS // connections), "--keys", NAMES, *flags)
        return report["throughput"]["mean"]
    finally:
        cluster.stop()


def etcd_cycles(table, options, connections):
    etcd = Etcd()
    try:
        out = table.run([ETCD_PUT, "--work", "lock", "--endpoints", etcd.endpoints(), "--clients",
                         CLIENTS, "--connections", connections, "--seconds", options.seconds,
                         "--keys", NAMES])
        return json.loads(out)["per_second"]
    finally:
        etcd.stop()


def redis_py_cycles(table, options):
    script = str(HERE.parent / "peers" / "redis.sh")
    out = subprocess.run([script, "start", "always"], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    redis = dict(part.split("=", 1) for part in out.split())
    try:
        out = table.run([sys.executable, HERE / "redis_py_lock.py", redis["port"], CLIENTS, NAMES,
                         options.seconds])
        return json.loads(out)["per_second"]
    finally:
        subprocess.run([script, "stop", redis["pid"], redis["dir"]], check=True)


def compare(table, name, ours, theirs, least):
    cycles, beside = statistics.median(ours), statistics.median(theirs)
    table.add(name, f"{cycles:.0f} cycles/s beside {beside:.0f}/s, ratio {cycles / beside:.1f}",
              f"ratio >= {least}", cycles / beside >= least, ours=ours, theirs=theirs)


def contended(table, options):
    cluster, stop, made = Lockstep(3), threading.Event(), []
    circles = threading.Thread(target=make_circles, args=(cluster, stop, made))
    try:
        circles.start()
        report = generate(table, cluster.ports, "lock", options.seconds, "--clients", CLIENTS,
                          "--keys", 50, "--shared", 0.6, "--block-ms", 5000)
        stop.set()
        circles.join()
        stats = numbers(Client(cluster.ports[0])("LOCKINFO", "STATS"))
    finally:
        stop.set()
        cluster.stop()
    commands = requests_per_second(report)
    p99_ms = report["service"]["p99"] / 1000
    refused, found = report["counters"]["deadlocks"] + len(made), stats.get("deadlocks", -1)
    wrong = report["counters"]["double_held"] + report["counters"]["token_not_above"]
    late = report["counters"]["busy"]
    held = (commands >= 20_000 and p99_ms <= 15 and wrong == 0 and 0 < found == refused
            and late == 0)
    table.add("100 clients, 50 names, 60 % shared, three nodes; beside them others that make "
              "deadlocks",
              f"{commands:.0f} commands/s, p99 {p99_ms:.1f} ms, deadlocks found {found}, refused to "
              f"clients {refused}, time-outs {late}, two holders {wrong}",
              ">= 20000/s, p99 <= 15 ms, found = resolved", held, report=report["counters"])


def make_circles(cluster, stop, made):
    """Makes deadlocks of two to four owners, ten a second at most; all have to be found."""
    clients = [Client(cluster.ports[at % 3], 10.0) for at in range(4)]
    while not stop.is_set():
        made.append(cycle(clients[:2 + len(made) % 3], len(made)))
        time.sleep(0.1)


def hand_over(table, options):
    rates = {}
    for keys in (NAMES, 1):
        cluster = Lockstep(3)
        try:
            report = generate(table, cluster.ports, "lock", options.seconds, "--clients", CLIENTS,
                                     "--keys", keys, "--block-ms", 0)
            rates[keys] = report["throughput"]["mean"]
        finally:
            cluster.stop()
    # A name that nobody waits for is locked and unlocked one cycle after the other.
    lone = Lockstep(3)
    try:
        report = generate(table, lone.ports[:1], "lock", options.seconds, "--clients", 1, "--keys",
                          1, "--block-ms", 0)
        uncontended = report["throughput"]["mean"]
    finally:
        lone.stop()
    ratio = rates[1] / uncontended
    table.add("hand-over on one name with 100 waiters, beside one client alone on one name",
              f"{rates[1]:.0f} cycles/s beside {uncontended:.0f}/s, ratio {ratio:.2f}; "
              f"{rates[NAMES]:.0f}/s over 10,000 names", "ratio >= 0.5", ratio >= 0.5)


def deadlocks(table, options):
    cluster = Lockstep(3, shards=SHARDS)
    found = []
    choose = random.Random(1)
    try:
        clients = [Client(cluster.ports[at % 3], 10.0) for at in range(16)]
        for at in range(options.cycles):
            size = choose.randint(2, 16)
            found.append(cycle(clients[:size], at))
    finally:
        cluster.stop()
    found.sort()
    p50, p99 = found[len(found) // 2], found[min(len(found) - 1, len(found) * 99 // 100)]
    table.add("deadlock of 2 to 16 owners over all shards, from the LOCK that closes it to the "
              "victim's error", f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, {len(found)} cycles",
              "p50 <= 30 ms, p99 <= 150 ms", p50 <= 30 and p99 <= 150, milliseconds=found)


def cycle(clients, number):
    """Milliseconds until somebody is told that there is a deadlock."""
    size = len(clients)
    names = [f"cycle:{number}:{at}" for at in range(size)]
    for client, name in zip(clients, names):
        client("LOCK", name)
    for at in range(size - 1):
        clients[at].send("LOCK", names[at + 1], "BLOCK", 8000)
    time.sleep(0.03)
    begun = time.monotonic()
    clients[-1].send("LOCK", names[0], "BLOCK", 8000)
    ended, left = [], list(range(size))
    told = [None]

    def wait(at):
        try:
            token = clients[at].read()
            if token is None:
                raise SystemExit("a wait in a deadlock ended without an error")
            clients[at]("UNLOCK", names[(at + 1) % size])
        except Failed as why:
            if not str(why).startswith("DEADLOCK") or told[0]:
                raise SystemExit(f"not the only victim: {why}") from why
            told[0] = time.monotonic()
        # The victim gives back what it has; so does everybody when the turn has come.
        clients[at]("UNLOCK", names[at])
        ended.append(at)

    threads = [threading.Thread(target=wait, args=(at,)) for at in left]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not told[0] or len(ended) != size:
        raise SystemExit(f"deadlock {number} of {size} was not found")
    return (told[0] - begun) * 1000


def expiry(table, options):
    cluster = Lockstep(3)
    try:
        baseline = latency(table, cluster, 3)
        at = time.monotonic() + options.leases / 4_000 + 5
        take_leases(cluster, options.leases, at)
        if time.monotonic() > at:
            raise SystemExit("the leases ended before all were taken")
        time.sleep(max(0.0, at - time.monotonic() - 0.1))
        measured = [None]

        def measure():
            measured[0] = latency(table, cluster, 2)

        thread = threading.Thread(target=measure)
        thread.start()
        client = Client(cluster.ports[0], 10.0)
        held = options.leases
        while held > 100 and time.monotonic() < at + 20:
            held = numbers(client("LOCKINFO", "STATS"))["held"]
            time.sleep(0.02)
        took = time.monotonic() - at
        thread.join()
    finally:
        cluster.stop()
    ratio = measured[0] / baseline
    table.add(f"{options.leases} leases that end in one second, three nodes, 50 clients with other "
              "locks",
              f"expired {took:.2f} s after the first end of one; p99 of other locks "
              f"{measured[0]:.1f} ms beside {baseline:.1f} ms, ratio {ratio:.1f}",
              "within 2 s, p99 at most doubled", took <= 2 and ratio <= 2)


def take_leases(cluster, count, end):
    """Takes locks whose leases end within a second from `end` on."""
    socks = [Client(port, 30.0) for port in cluster.ports]
    batch = 1000
    for first in range(0, count, batch):
        client = socks[first // batch % len(socks)]
        for at in range(first, first + batch):
            lease = int((end - time.monotonic()) * 1000) + at % 1000
            client.send("LOCK", f"lease:{at}", "OWNER", f"o{at}", "PX", max(lease, 100))
        for _ in range(batch):
            client.read()


def latency(table, cluster, seconds):
    """The 99th percentile of LOCK and UNLOCK by 50 clients, in milliseconds."""
    report = generate(table, cluster.ports, "lock", seconds, "--clients", 50, "--keys", 1000,
                      "--block-ms", 0)
    return report["service"]["p99"] / 1000


def sessions(table, options):
    # A process may not have more files open than that in many places.
    each = min(options.sessions, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1_000)
    nodes = max(3, -(-options.sessions // each))
    cluster = Lockstep(nodes, flags=["--maxclients", str(each + 100)])
    counts = [options.sessions * (at + 1) // nodes - options.sessions * at // nodes
              for at in range(nodes)]
    clients = [subprocess.Popen([sys.executable, __file__, "--attach", str(port), str(count)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
               for port, count in zip(cluster.ports, counts)]
    try:
        if any(client.stdout.readline() != "attached\n" for client in clients):
            raise SystemExit("the sessions could not be attached")
        # What creating them has left to be forgotten is.
        time.sleep(12)
        entries = written(cluster)
        used, begun = cluster.cpu_seconds(), time.monotonic()
        time.sleep(options.seconds * 2)
        share = (cluster.cpu_seconds() - used) / (time.monotonic() - begun) / nodes * 100
        more = written(cluster) - entries
    finally:
        for client in clients:
            client.stdin.close()
            client.wait()
        cluster.stop()
    table.add(f"{options.sessions} idle sessions, each attached to a connection, {nodes} nodes",
              f"{share:.1f} % of a core per node, {more} entries in {options.seconds * 2} s",
              "under 5 %, no entries", share < 5 and more == 0)


def attach_many(port, count):
    """Attaches so many sessions and keeps them until the input ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kept = [attach(port) for _ in range(count)]
    print("attached", flush=True)
    sys.stdin.read()
    return kept


def attach(port):
    """A connection with a session of its own."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"*2\r\n$7\r\nSESSION\r\n$6\r\nCREATE\r\n")
    length = int(line(connection)[1:])
    session = take(connection, length + 2)[:-2]
    connection.sendall(b"*3\r\n$7\r\nSESSION\r\n$6\r\nATTACH\r\n$%d\r\n%s\r\n" % (length, session))
    if not line(connection).startswith((b"+", b":")):
        raise SystemExit("a session could not be attached")
    return connection


def line(connection):
    out = b""
    while not out.endswith(b"\r\n"):
        out += take(connection, 1)
    return out


def take(connection, count):
    out = b""
    while len(out) < count:
        more = connection.recv(count - len(out))
        if not more:
            raise SystemExit("the node closed a connection")
        out += more
    return out


def written(cluster):
    """How many entries were applied on all nodes."""
    return sum(int(Client(port).info()["master_repl_offset"]) for port in cluster.ports)


def numbers(reply):
    """A reply of names and numbers as a dictionary."""
    pairs = zip(reply[::2], reply[1::2])
    return {name.decode(): value for name, value in pairs if isinstance(value, int)}


ROWS = {"alone": alone, "peers": peers, "contended": contended, "handover": hand_over,
        "deadlocks": deadlocks, "expiry": expiry, "sessions": sessions}


def main():
    words = argparse.ArgumentParser(description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--short", action="store_true")
    words.add_argument("--rows", default=",".join(ROWS))
    words.add_argument("--rounds", type=int)
    words.add_argument("--attach", nargs=2, type=int, help=argparse.SUPPRESS)
    words.add_argument("--out", default=str(ROOT / "bench/results/locks"))
    options = words.parse_args()
    if options.attach:
        attach_many(*options.attach)
        return
    options.rounds = options.rounds or (1 if options.short else 3)
    options.seconds = 1 if options.short else 5
    options.cycles = 5 if options.short else 200
    options.leases = 2_000 if options.short else 100_000
    options.sessions = 300 if options.short else 100_000
    table = Table()
    for name in options.rows.split(","):
        ROWS[name](table, options)
    table.write("Locks", options.out)
    sys.exit(0 if options.short or all(row["held"] for row in table.rows) else 1)


if __name__ == "__main__":
    main()
