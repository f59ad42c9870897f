"""How long nobody could write: leaders killed, stopped, restarted in turn."""

import signal
import statistics
import threading
import time

from resp import Client, Failed

WRITERS_PER_NODE = 3
KILL_P50_MS, KILL_P99_MS = 250, 600
STOP_P50_MS, STOP_P99_MS = 500, 900
RESTART_GAP_MS = 100
REFUSAL_MS = 500


class Writer(threading.Thread):
    """Writes through one node, one command after the other, and notes each."""

    def __init__(self, port, name):
        super().__init__(daemon=True)
        self.port, self.key = port, f"writer:{name}"
        self.notes, self.ends, self.count = [], False, 0
        self.start()

    def run(self):
        client = None
        while not self.ends:
            begun = time.monotonic()
            try:
                client = client or Client(self.port, 5.0)
                self.count += 1
                client("SET", self.key, self.count)
                self.notes.append((begun, time.monotonic(), None))
            except Failed as why:
                self.notes.append((begun, time.monotonic(), str(why)))
            except (OSError, ConnectionError) as why:
                self.notes.append((begun, time.monotonic(), f"connection: {why}"))
                client = None
                time.sleep(0.005)


class Load:
    """Writers through some nodes of a cluster."""

    def __init__(self, cluster, nodes):
        self.writers = [Writer(cluster.ports[at], f"{at}:{n}")
                        for at in nodes for n in range(WRITERS_PER_NODE)]
        time.sleep(0.3)

    def first_after(self, moment, timeout=10.0):
        """Milliseconds from `moment` to the first acknowledged write begun after it."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            done = [note[1] for writer in self.writers for note in list(writer.notes[-400:])
                    if note[2] is None and note[0] >= moment]
            if done:
                return (min(done) - moment) * 1000
            time.sleep(0.002)
        raise SystemExit("no write was acknowledged after the fault")

    def stop(self):
        for writer in self.writers:
            writer.ends = True
        for writer in self.writers:
            writer.join()
        return [note for writer in self.writers for note in writer.notes]


def longest_gap_ms(notes):
    """The longest time in which no write was acknowledged, whoever asked."""
    ends = sorted(note[1] for note in notes if note[2] is None)
    return max((b - a for a, b in zip(ends, ends[1:])), default=0) * 1000


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values):
    return {"trials": len(values), "p50_ms": round(statistics.median(values), 1),
            "p99_ms": round(percentile(values, 0.99), 1), "max_ms": round(max(values), 1)}


def kill_leaders(cluster, trials, how=signal.SIGKILL, pause=0.3):
    """Takes the leader away again and again; each time: how long until the next write."""
    gaps = []
    for trial in range(trials):
        leader = cluster.leader()
        survivors = [at for at in range(cluster.size) if at != leader]
        load = Load(cluster, survivors)
        moment = time.monotonic()
        cluster.kill(leader, how)
        gaps.append(load.first_after(moment))
        load.stop()
        if how == signal.SIGSTOP:
            cluster.kill(leader, signal.SIGCONT)
        else:
            cluster.wait_end(leader)
            cluster.start(leader)
        cluster.wait_ready(nodes=[leader])
        time.sleep(pause)
        print(f"  {trial + 1}: {gaps[-1]:.0f} ms", flush=True)
    return gaps


def restart_in_turn(cluster):
    """Restarts each node gracefully under load through the two others."""
    worst, failed = 0.0, []
    for at in range(cluster.size):
        others = [other for other in range(cluster.size) if other != at]
        load = Load(cluster, others)
        cluster.kill(at, signal.SIGTERM)
        code = cluster.wait_end(at)
        time.sleep(0.5)
        cluster.start(at)
        cluster.wait_ready(nodes=[at])
        time.sleep(0.5)
        notes = load.stop()
        worst = max(worst, longest_gap_ms(notes))
        failed += [note[2] for note in notes if note[2]]
        if code != 0:
            failed.append(f"node {at} ended with {code}")
    return worst, failed


def minority_refuses(cluster, trials):
    """Stops two of three; how long until the third refuses to write and to read."""
    times = []
    for _ in range(trials):
        alone = cluster.leader()
        others = [at for at in range(cluster.size) if at != alone]
        client = Client(cluster.ports[alone], 10.0)
        client("SET", "k", "v")
        moment = time.monotonic()
        for at in others:
            cluster.kill(at, signal.SIGSTOP)
        while True:
            try:
                client("GET", "k")
            except Failed as why:
                if not str(why).startswith("CLUSTERDOWN"):
                    raise SystemExit(f"refused by {why}")
                times.append((time.monotonic() - moment) * 1000)
                break
        for at in others:
            cluster.kill(at, signal.SIGCONT)
        cluster.wait_ready()
        time.sleep(0.5)
    return times
