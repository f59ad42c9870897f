"""Runs the server with its own log and with raft-engine in turns; see measure.sh."""

import argparse
import csv
import io
import json
import os
import pathlib
import platform
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = ROOT / "target/release/lockstep"
OTHER = ROOT / "target/raft-engine/release/lockstep"
GENERATOR = ROOT / "target/release/lockstep-bench"
RESULT = ROOT / "bench/results/log-own-vs-raft-engine.md"
KEYS = 100_000
VALUE_BYTES = 64
LOG_FILES_WRITTEN_BEFORE = 7
LOG_FILE_BYTES = 64 << 20

# Name, program, environment.
BODIES = [
    ("own", OWN, {}),
    ("raft-engine", OTHER, {}),
    ("raft-engine as it comes", OTHER, {"RAFT_ENGINE_AS_IT_COMES": "1"}),
]
WORKS = [
    ("SET, redis-benchmark -c 50", "redis-benchmark", 50, 1),
    ("SET, redis-benchmark -c 50 -P 16", "redis-benchmark", 50, 16),
    ("SET, lockstep-bench --clients 200", "lockstep-bench", 200, 1),
]
TICKS = os.sysconf("SC_CLK_TCK")
commands = []


class Server:
    """A server on a data directory of its own, which it keeps when it is started anew."""

    def __init__(self, body):
        self.name, self.binary, environment = body
        self.environment = {**os.environ, **environment}
        self.dir = tempfile.mkdtemp(prefix="lockstep-log-")
        self.port, self.admin = free_port(), free_port()
        self.start()

    def start(self):
        words = [self.binary, "--port", self.port, "--admin-port", self.admin, "--dir",
                 f"{self.dir}/data", "--fsync", "always"]
        remember(words)
        log = open(f"{self.dir}/log", "a")
        self.process = subprocess.Popen([str(word) for word in words], env=self.environment,
                                        stdout=log, stderr=log)
        self.wait(lambda: self.ask("ping") == "PONG")

    def wait(self, holds):
        began = time.monotonic()
        while not holds():
            if self.process.poll() is not None or time.monotonic() - began > 60:
                raise SystemExit(f"{self.name} does not come up:\n{open(self.dir + '/log').read()}")
            time.sleep(0.005)

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *words], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.strip()

    def end(self, with_signal):
        self.process.send_signal(with_signal)
        self.process.wait(60)

    def remove(self):
        self.end(signal.SIGKILL)
        shutil.rmtree(self.dir)

    def used(self):
        """Commands processed, seconds of processor, bytes written to files and by the disk.

        Not `write_bytes`: where the kernel keeps a file in large folios, it counts a whole
        one, up to 2 MiB, for each write into it, and only the changed blocks go to the disk.
        """
        stats = dict(line.split(":", 1) for line in self.ask("info", "stats").splitlines()
                     if ":" in line)
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        written = dict(line.split(": ") for line in open(f"/proc/{self.process.pid}/io"))
        device = os.stat(self.dir).st_dev
        disk = open(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read().split()
        return (int(stats["total_commands_processed"]), (int(fields[11]) + int(fields[12])) / TICKS,
                int(written["wchar"]), int(disk[6]) * 512)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def remember(words):
    """Keeps a command line for the result, without what changes from run to run."""
    words = [str(word).replace(f"{ROOT}/", "") for word in words]
    for at in range(1, len(words)):
        words[at] = {"-p": "PORT", "--port": "PORT", "--admin-port": "PORT", "--dir": "DIR",
                     "--json": "FILE", "-n": "N", "--requests": "N"}.get(words[at - 1], words[at])
    line = shlex.join(words)
    if line not in commands:
        commands.append(line)


def run(words):
    remember(words)
    done = subprocess.run([str(word) for word in words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"{shlex.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def redis_benchmark(server, clients, pipeline, requests):
    rows = csv.DictReader(io.StringIO(run(
        ["redis-benchmark", "-p", server.port, "-t", "set", "-c", clients, "-P", pipeline,
         "-n", requests, "-d", VALUE_BYTES, "-r", KEYS, "--csv"])))
    row = next(iter(rows))
    return float(row["rps"]), float(row["p50_latency_ms"]), float(row["p99_latency_ms"])


def generator(server, workload, *flags):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        run([GENERATOR, workload, "--port", server.port, "--quiet", "--json", file.name, *flags])
        report = json.load(open(file.name))
    latency = report["latency"]
    return report["throughput"]["mean"], latency["p50"] / 1000, latency["p99"] / 1000


def load(server, work, amount):
    """Runs one of the works: redis-benchmark for so many requests, the other for so long."""
    _, tool, clients, pipeline = work
    if tool == "redis-benchmark":
        return redis_benchmark(server, clients, pipeline, amount)
    return generator(server, "set", "--clients", clients, "--keys", KEYS, "--value-bytes",
                     VALUE_BYTES, "--duration", amount, "--warmup", 0.5)


def amount(server, work, seconds):
    """How much of a work takes about so long."""
    _, tool, clients, pipeline = work
    if tool != "redis-benchmark":
        return seconds
    rate, _, _ = redis_benchmark(server, clients, pipeline, 10_000 * min(pipeline, 4))
    return max(2_000, int(rate * seconds))


def settle(server, scale):
    """Writes the log through all its files once, so that none is met for the first time."""
    value = 4096
    requests = int(LOG_FILES_WRITTEN_BEFORE * LOG_FILE_BYTES * scale / value)
    generator(server, "set", "--clients", 16, "--pipeline", 16, "--keys", 100, "--value-bytes",
              value, "--requests", requests, "--warmup", 0)


def measure_work(servers, work, options):
    """One dictionary of values for each server and run, in turns."""
    much = amount(servers[0], work, options.seconds)
    values = {server.name: [] for server in servers}
    for _ in range(options.runs):
        for server in servers:
            os.sync()
            before = server.used()
            rate, p50, p99 = load(server, work, much)
            count, seconds, written, disk = (b - a for a, b in zip(before, server.used()))
            values[server.name].append({
                "requests/s": rate, "p50, ms": p50, "p99, ms": p99,
                "processor of the server, us/request": seconds * 1e6 / count,
                "handed to the system, bytes/request": written / count,
                "written by the disk, bytes/request": disk / count})
            print(f"  {work[0]}: {server.name}: {rate:.0f}/s", file=sys.stderr, flush=True)
    return values


def measure_restart(bodies, options):
    """Seconds from the start of the process until all keys are there."""
    keys = str(options.restart_keys)
    servers = [Server(body) for body in bodies]
    values = {server.name: [] for server in servers}
    try:
        for server in servers:
            generator(server, "load", "--clients", 16, "--pipeline", 64, "--keys", keys,
                      "--value-bytes", VALUE_BYTES)
        for _ in range(options.runs):
            for server in servers:
                took = {}
                for with_signal in (signal.SIGKILL, signal.SIGTERM):
                    server.end(with_signal)
                    began = time.monotonic()
                    server.start()
                    server.wait(lambda: server.ask("dbsize") == keys)
                    took[f"after {with_signal.name}, s"] = time.monotonic() - began
                values[server.name].append(took)
                print(f"  restart: {server.name}: {took}", file=sys.stderr, flush=True)
    finally:
        for server in servers:
            server.remove()
    return values


def rows(title, values):
    runs = list(values.values())
    for figure in runs[0][0]:
        every = [[run[figure] for run in of_one] for of_one in runs]
        medians = [statistics.median(of_one) for of_one in every]
        digits = 0 if medians[0] >= 100 else 2
        shown = [f"{median:.{digits}f} ({min(of_one):.{digits}f} to {max(of_one):.{digits}f})"
                 for median, of_one in zip(medians, every)]
        ratios = [f"{medians[0] / median:.2f}" if median else "" for median in medians[1:]]
        yield f"| {title} | {figure} | {' | '.join(shown + ratios)} |"


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line]
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    place = subprocess.run(["df", "--output=fstype,source", tempfile.gettempdir()], text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()[-1].split()
    return (f"{len(os.sched_getaffinity(0))} x {model[0] if model else 'unknown'}, "
            f"{' on '.join(place)}, Linux {platform.release()}, {time.strftime('%Y-%m-%d')}, "
            f"commit {commit or 'unknown'}, load before {os.getloadavg()[0]:.1f}")


def document(where, table, names, options):
    others = names[1:]
    head = ["work", "figure", *names, *(f"own / {name}" for name in others)]
    rule = ["---", "---"] + ["---:"] * (len(head) - 2)
    lines = [
        "# The own log against raft-engine, in the whole server", "",
        where + ".",
        f"`--fsync always`. Medians (and range) of {options.runs} runs each, in turns; generator and server "
        "share the processors." + (" SHORT FORM: proves nothing." if options.short else ""), "",
        "Both servers are the same but for the log (`bench/raft-engine/README.md`). raft-engine "
        "0.4.2 has files of the same size, as many, filled with zeros beforehand and used again, "
        "and no compression" + (
            "; as it comes, it fills nothing beforehand and compresses batches from 8 KB on"
            if len(others) > 1 else "") + ". Before the runs each log was written through all "
        "its files. A ratio above 1 speaks for the own log in requests/s, one below 1 in all "
        "other figures.", "",
        f"| {' | '.join(head)} |", f"| {' | '.join(rule)} |", *table, "",
        f"Restart: {options.restart_keys} keys of {VALUE_BYTES} B values, from the start of the "
        "process until DBSIZE is right. Bytes handed to the system: `wchar` of the process "
        "(`/proc/PID/io`), with snapshots and replies; written by the disk: sectors of its "
        "device, whoever wrote them.", "",
        "Command lines:", "", "```", *commands, "```", ""]
    return "\n".join(lines)


def parse():
    parser = argparse.ArgumentParser(prog="measure.sh", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each [3]")
    parser.add_argument("--seconds", type=float, default=4, help="length of a run [4]")
    parser.add_argument("--as-it-comes", action="store_true",
                        help="also raft-engine with its own default settings")
    parser.add_argument("--short", action="store_true", help="a smoke test")
    parser.add_argument("--out", type=pathlib.Path, help=f"the result [{RESULT.relative_to(ROOT)}]")
    options = parser.parse_args()
    options.restart_keys, options.scale = 500_000, 1
    if options.short:
        options.runs, options.seconds, options.scale = 1, 0.3, 0.05
        options.restart_keys = 20_000
    short = ROOT / "target/raft-engine/short.md"
    options.out = options.out or (short if options.short else RESULT)
    return options


def main():
    options = parse()
    bodies = BODIES if options.as_it_comes else BODIES[:2]
    where, table = machine(), []
    servers = [Server(body) for body in bodies]
    try:
        for server in servers:
            settle(server, options.scale)
        for work in WORKS:
            table += rows(work[0], measure_work(servers, work, options))
    finally:
        for server in servers:
            server.remove()
    table += rows("restart", measure_restart(bodies, options))
    text = document(where, table, [name for name, _, _ in bodies], options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
