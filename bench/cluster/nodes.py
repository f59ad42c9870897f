"""Three processes of Lockstep, or three members of etcd, on this machine."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from resp import Client, Failed

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVER = os.environ.get("SERVER", str(ROOT / "target/release/lockstep"))
GENERATOR = os.environ.get("GENERATOR", str(ROOT / "target/release/lockstep-bench"))
ETCD_PUT = str(ROOT / "bench/etcd/target/release/etcd-put")


def free_ports(count, beside=(0,)):
    """Ports that are free now, with those at the given distances from them."""
    found = []
    candidate = 20000 + os.getpid() % 20000
    while len(found) < count:
        candidate += 7
        if all(is_free(candidate + distance) for distance in beside):
            found.append(candidate)
    return found


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


class Lockstep:
    """A cluster of Lockstep's nodes; `size` 1 is a node alone."""

    name = "lockstep"

    def __init__(self, size=3, shards=1, flags=()):
        self.dir = tempfile.mkdtemp(prefix="lockstep-bench-")
        self.ports = free_ports(size, beside=(0, 1000, 10000))
        self.size, self.shards, self.flags = size, shards, list(flags)
        self.processes = [None] * size
        for at in range(size):
            self.start(at)
        self.wait_ready()

    def command(self, at):
        words = [SERVER, "--port", str(self.ports[at]), "--dir", f"{self.dir}/{at}",
                 "--shards", str(self.shards), *self.flags]
        if self.size > 1:
            seeds = ",".join(f"127.0.0.1:{port}" for port in self.ports)
            words += ["--seeds", seeds, "--expect", str(self.size)]
        return words

    def start(self, at):
        log = open(f"{self.dir}/{at}.log", "ab")
        self.processes[at] = subprocess.Popen(self.command(at), stdout=log, stderr=log)

    def wait_ready(self, timeout=20.0, nodes=None):
        """Until a write through each of the nodes is acknowledged."""
        end = time.monotonic() + timeout
        for at in range(self.size) if nodes is None else nodes:
            while True:
                try:
                    Client(self.ports[at], 2.0)("SET", "ready", at)
                    break
                except (OSError, Failed, ConnectionError):
                    if time.monotonic() > end:
                        raise SystemExit(f"node {at} is not ready; logs in {self.dir}")
                    time.sleep(0.01)

    def leader(self, shard=0):
        """Which node leads a shard, by what the others say."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for at in range(self.size):
                try:
                    info = Client(self.ports[at], 1.0).info()
                except (OSError, Failed, ConnectionError):
                    continue
                if info.get(f"shard{shard}", "").startswith("role=leader"):
                    return at
            time.sleep(0.02)
        raise SystemExit("no node leads the shard")

    def settled_leader(self, seconds=7.0, shard=0):
        """Which node leads a shard once none has taken it over for so long: a new
        cluster hands its shards to their preferred leaders after five seconds."""
        leader, since = self.leader(shard), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.2)
            now = self.leader(shard)
            if now != leader:
                leader, since = now, time.monotonic()
        return leader

    def kill(self, at, how=signal.SIGKILL):
        self.processes[at].send_signal(how)

    def wait_end(self, at, timeout=30):
        return self.processes[at].wait(timeout)

    def cpu_seconds(self):
        """What all processes have used so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        total = 0
        for process in self.processes:
            fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / ticks
        return total

    def stop(self):
        for process in self.processes:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Etcd:
    """Three members of etcd."""

    name = "etcd"

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="etcd-bench-")
        ports = free_ports(6)
        self.clients, peers = ports[:3], ports[3:]
        cluster = ",".join(f"m{at}=http://127.0.0.1:{peers[at]}" for at in range(3))
        self.processes = []
        for at in range(3):
            client, peer = f"http://127.0.0.1:{self.clients[at]}", f"http://127.0.0.1:{peers[at]}"
            log = open(f"{self.dir}/{at}.log", "ab")
            self.processes.append(subprocess.Popen(
                ["etcd", "--name", f"m{at}", "--data-dir", f"{self.dir}/{at}",
                 "--listen-client-urls", client, "--advertise-client-urls", client,
                 "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                 "--initial-cluster", cluster, "--initial-cluster-state", "new"],
                stdout=log, stderr=log))
        time.sleep(5)

    def endpoints(self):
        return ",".join(f"http://127.0.0.1:{port}" for port in self.clients)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
