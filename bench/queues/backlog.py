"""A backlog that is larger than what may stay in memory: pushed, kept through kill -9, drained."""

import statistics
import time

from measure import PRODUCERS, QUEUES, Watched, generate
from peers import Lockstep
from resp import Client, Failed

DRAINERS = 10
TURNS = 5
# Of one of them: the pushes of all turns together must not make another backlog.
TURN_SECONDS = 2
# Of the pushes that make the backlog, in flight per producer.
WINDOW = 16
MEGABYTE = 1 << 20


def backlog(table, options):
    """Fills, kills, restarts, fills, and pushes with and without consumers."""
    half = options.messages // 2
    server = Lockstep(1, flags=["--queue-memory", "256mb"])
    try:
        with Watched(server.processes[0].pid) as young:
            first = fill(table, server, half)
        server.kill(0)
        server.wait_end(0)
        serving, found = restart(server)
        with Watched(server.processes[0].pid) as old:
            second = fill(table, server, half)
            # In turns: snapshots and the store of bodies work on behind the pushes.
            seconds = min(options.seconds, TURN_SECONDS)
            turns = [(push(table, server, seconds), push(table, server, seconds, DRAINERS))
                     for _ in range(TURNS)]
        left = length(server)
    finally:
        server.stop()
    peak = max(young.peak, old.peak)
    alone, beside, acks = (statistics.median(turn[at][name] for turn in turns)
                           for at, name in ((0, "qpush"), (1, "qpush"), (1, "qack")))
    falls = 1 - beside / alone
    table.add(f"{DRAINERS} consumers begin to drain {options.messages} messages of 1 KB, one node, "
              "queue-memory 256mb, 50 producers",
              f"{beside:.0f} pushes/s beside {acks:.0f} QACK commands/s, without "
              f"{alone:.0f} pushes/s (medians of {TURNS} turns): falls by {falls * 100:.0f} %; resident at most "
              f"{peak / MEGABYTE:.0f} MB; the first {half} came at {first:.0f}/s, the second at "
              f"{second:.0f}/s; {left} are left", "falls by <= 30 %, < 600 MB",
              falls <= 0.3 and peak < 600 * MEGABYTE)
    table.add(f"restart after kill -9 with {half} messages of 1 KB, until one is delivered",
              f"{serving:.1f} s, {found} were there", "serving in 5 s, none lost",
              serving <= 5 and found >= half)


def fill(table, server, count):
    """Pushes so many; messages per second."""
    report, sound = generate(table, server.ports, "queue", "--clients", PRODUCERS, "--producers",
                             PRODUCERS, "--requests", count, "--pipeline", WINDOW)
    if not sound:
        raise SystemExit(f"the backlog could not be made: {report['errors']}")
    return count / report["seconds"]


def push(table, server, seconds, consumers=0):
    """Pushes beside so many consumers; requests per second by command."""
    report, _ = generate(table, server.ports, "queue", "--clients", PRODUCERS + consumers,
                         "--producers", PRODUCERS, "--block-ms", 1000, "--duration", seconds)
    return {name: one["count"] / report["seconds"] for name, one in report["by_command"].items()}


def restart(server):
    """Seconds until a message is delivered, and how many there are."""
    begun = time.monotonic()
    server.start(0)
    while True:
        try:
            client = Client(server.ports[0], 2.0)
            if client("QPOP", "queue:000000") is not None:
                return time.monotonic() - begun, length(server)
        except (OSError, Failed, ConnectionError):
            pass
        if time.monotonic() > begun + 120:
            raise SystemExit("the node does not serve after its restart")
        time.sleep(0.02)


def length(server):
    client = Client(server.ports[0], 30.0)
    return sum(client("QLEN", f"queue:{at:06}", "ALL") for at in range(QUEUES))
