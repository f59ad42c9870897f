"""Consumers that wait for messages which do not come."""

import pathlib
import resource
import socket
import subprocess
import sys
import time

from measure import processor
from peers import Lockstep
from resp import Client

SCRIPT = pathlib.Path(__file__).resolve().parent / "run.py"


def idle(table, options):
    """What so many blocked consumers cost."""
    consumers, queues, nodes = options.consumers, max(options.consumers // 10, 1), 3
    cluster = Lockstep(nodes)
    waiting = []
    try:
        client = Client(cluster.ports[0])
        for at in range(queues):
            client("QCREATE", f"idle:{at}")
        alone = share(cluster, options.seconds)
        for at, port in enumerate(cluster.ports):
            first, last = consumers * at // nodes, consumers * (at + 1) // nodes
            words = [sys.executable, str(SCRIPT), "--wait", str(port), str(first), str(last),
                     str(queues)]
            waiting.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            text=True))
        if any(one.stdout.readline() != "waiting\n" for one in waiting):
            raise SystemExit("the consumers could not begin to wait")
        time.sleep(5 if options.short else 10)
        all_of_them = share(cluster, options.seconds * 2)
    finally:
        for one in waiting:
            one.stdin.close()
            one.wait()
        cluster.stop()
    each = all_of_them / nodes
    table.add(f"{consumers} blocked consumers on {queues} empty queues, three nodes",
              f"{each:.1f} % of a core per node, {all_of_them:.1f} % for all three; "
              f"without consumers {alone:.1f} % for all three", "< 3 %", each < 3)


def share(cluster, seconds):
    """How much of a core all nodes use."""
    used, begun = processor(cluster.pids()), time.monotonic()
    time.sleep(seconds)
    return (processor(cluster.pids()) - used) / (time.monotonic() - begun) * 100


def wait_for_messages(port, first, last, queues):
    """Waits as all consumers from `first` to `last`, until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    kept = []
    for at in range(first, last):
        connection = socket.create_connection(("127.0.0.1", port))
        name = f"idle:{at % queues}".encode()
        connection.sendall(b"*4\r\n$4\r\nQPOP\r\n$%d\r\n%s\r\n$5\r\nBLOCK\r\n$1\r\n0\r\n"
                           % (len(name), name))
        kept.append(connection)
    print("waiting", flush=True)
    sys.stdin.read()
