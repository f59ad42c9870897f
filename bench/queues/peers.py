"""The peers of Lockstep's queues on this machine, each with what makes it durable."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))

from nodes import Lockstep as Nodes, free_ports  # noqa: E402

RABBIT = next(iter(sorted(pathlib.Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))), None)


class Peer:
    """Processes that serve queues, each the leader of a group of its own."""

    def __init__(self):
        self.processes, self.dir, self.ports = [], None, []

    def launch(self, words, log, **environment):
        with open(f"{self.dir}/{log}.log", "ab") as out:
            self.processes.append(subprocess.Popen(
                [str(word) for word in words], stdout=out, stderr=out, start_new_session=True,
                stdin=subprocess.DEVNULL, env={**os.environ, **environment}))

    def wait_ready(self, seconds=60):
        """Until every port takes connections."""
        end = time.monotonic() + seconds
        for port in self.ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if time.monotonic() > end:
                        raise SystemExit(f"{self.name} is not ready; logs in {self.dir}")
                    time.sleep(0.05)

    def pids(self):
        """All processes of the groups."""
        groups = {process.pid for process in self.processes}
        return [pid for pid, group in groups_of_processes() if group in groups]

    def stop(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def groups_of_processes():
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        yield int(entry), int(fields[2])


class Lockstep(Nodes):
    """Lockstep with fsync always, its default."""

    def pids(self):
        return [process.pid for process in self.processes]


class Redis(Peer):
    """Redis with an append-only file that is synced before every reply."""

    name = "Redis Streams"

    def __init__(self):
        super().__init__()
        self.dir, self.ports = tempfile.mkdtemp(prefix="redis-bench-"), free_ports(1)
        self.launch(["redis-server", "--port", self.ports[0], "--dir", self.dir, "--save", "",
                     "--appendonly", "yes", "--appendfsync", "always"], "redis")
        self.wait_ready()


class Rabbit(Peer):
    """RabbitMQ; of several nodes a cluster."""

    name = "RabbitMQ"

    def __init__(self, size=1):
        super().__init__()
        if RABBIT is None:
            raise SystemExit("rabbitmq-server is not installed")
        self.dir = tempfile.mkdtemp(prefix="rabbit-bench-")
        ports = free_ports(2 * size + 1)
        self.ports, links, names = ports[:size], ports[size:-1], ports[-1]
        cookie = pathlib.Path(self.dir, ".erlang.cookie")
        cookie.write_text("bench")
        cookie.chmod(0o400)
        nodes = [f"bench{at}-{os.getpid()}@localhost" for at in range(size)]
        lines = ["disk_free_limit.absolute = 50MB", "log.file.level = error",
                 "cluster_formation.peer_discovery_backend = classic_config"]
        lines += [f"cluster_formation.classic_config.nodes.{at + 1} = {node}"
                  for at, node in enumerate(nodes)]
        pathlib.Path(self.dir, "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        # The names of the nodes: a daemon of this run, not the machine's.
        self.common = {"HOME": self.dir, "ERL_EPMD_PORT": str(names)}
        self.launch(["epmd", "-port", names, "-address", "127.0.0.1"], "epmd")
        for at, node in enumerate(nodes):
            self.launch([RABBIT / "sbin/rabbitmq-server"], at, **self.common,
                        RABBITMQ_NODENAME=node, RABBITMQ_NODE_PORT=str(self.ports[at]),
                        RABBITMQ_NODE_IP_ADDRESS="127.0.0.1", RABBITMQ_DIST_PORT=str(links[at]),
                        RABBITMQ_MNESIA_BASE=f"{self.dir}/{at}",
                        RABBITMQ_LOG_BASE=f"{self.dir}/{at}",
                        RABBITMQ_CONF_ENV_FILE=f"{self.dir}/none",
                        RABBITMQ_CONFIG_FILE=f"{self.dir}/rabbitmq.conf",
                        RABBITMQ_ENABLED_PLUGINS_FILE=f"{self.dir}/plugins")
        self.wait_ready()
        if size > 1:
            self.control("-n", nodes[0], "await_online_nodes", size, "-t", 60)

    def control(self, *words):
        words = [str(word) for word in (RABBIT / "sbin/rabbitmqctl", *words)]
        subprocess.run(words, check=True, env={**os.environ, **self.common},
                       stdout=subprocess.DEVNULL)


class Nats(Peer):
    """NATS JetStream; of several nodes a cluster. `sync`: every write reaches the disk
    before the call that writes returns.

    Servers from 2.10 on have `sync_interval: always` for that. Those before do not; files
    with the attribute S are written synchronously by the kernel, which is the same.
    """

    def __init__(self, size=1, sync=True):
        super().__init__()
        self.name = "NATS, sync always" if sync else "NATS, its default"
        self.dir = tempfile.mkdtemp(prefix="nats-bench-")
        ports = free_ports(2 * size)
        self.ports, links = ports[:size], ports[size:]
        routes = ", ".join(f"nats://127.0.0.1:{link}" for link in links)
        for at in range(size):
            store = pathlib.Path(self.dir, str(at))
            store.mkdir()
            if sync:
                subprocess.run(["chattr", "+S", str(store)], check=True)
            text = (f'server_name: n{at}\nhost: "127.0.0.1"\nport: {self.ports[at]}\n'
                    f'jetstream {{ store_dir: "{store}", max_file: 2G, max_mem: 256M }}\n')
            if size > 1:
                text += (f'cluster {{ name: bench, host: "127.0.0.1", port: {links[at]}, '
                         f'routes: [{routes}] }}\n')
            pathlib.Path(self.dir, f"{at}.conf").write_text(text)
            self.launch(["nats-server", "-c", f"{self.dir}/{at}.conf"], at)
        self.wait_ready()
        if size > 1:
            # The group that knows the streams elects its leader.
            time.sleep(4)
