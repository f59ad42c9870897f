#!/usr/bin/env python3
"""Measures the speed table: Lockstep against redis-server, in one run.

Every row is measured in turns (Redis, Lockstep, Redis, Lockstep, ...), so that a
slow spell of the machine hits both, and shows the medians and their ratio.

    cargo build --release --workspace
    bench/run-table.py            # a few minutes; writes bench/results/speed.{md,json}
    bench/run-table.py --short    # seconds; shows that everything runs, proves nothing
    bench/run-table.py --rows SET --rounds 5 --out /tmp/x
"""

import argparse
import csv
import io
import json
import os
import pathlib
import platform
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
GENERATOR = os.environ.get("GENERATOR", str(ROOT / "target/release/lockstep-bench"))
SERVERS = ("redis", "lockstep")
KEYS = 100_000
VALUE_BYTES = 64


class Server:
    """A running server."""

    def __init__(self, name, fsync, dir=None, port=None):
        self.name, self.fsync = name, fsync
        self.script = str(PEERS / f"{name}.sh")
        where = [w for w in (dir, port and str(port)) if w]
        out = subprocess.run([self.script, "start", fsync, *where], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
        fields = dict(part.split("=", 1) for part in out.split())
        self.port, self.pid, self.dir = int(fields["port"]), int(fields["pid"]), fields["dir"]

    def stop(self):
        subprocess.run([self.script, "stop", str(self.pid), self.dir], check=True)

    def cli(self, *words):
        out = subprocess.run(["redis-cli", "-p", str(self.port), *words], check=True, text=True,
                             stdout=subprocess.PIPE)
        return out.stdout.strip()

    def info(self, field):
        for line in self.cli("info", "all").splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def resident_bytes(self):
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise SystemExit(f"{self.name} shows no memory")


class Table:
    """The rows so far, with everything that was run for them."""

    def __init__(self, options):
        self.options, self.rows, self.commands = options, [], []

    def wants(self, name):
        return self.options.rows.lower() in name.lower()

    def run(self, command):
        shown = shlex.join(str(word) for word in command).replace(str(ROOT) + "/", "")
        print(f"  {shown}", file=sys.stderr, flush=True)
        self.commands.append(shown)
        done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode not in (0, 2):
            raise SystemExit(f"{shown}\n{done.stdout}{done.stderr}")
        return done.stdout

    def in_turns(self, servers, measure):
        """Measures A B A B A B; gives a list of values for each server."""
        values = {server.name: [] for server in servers}
        for _ in range(self.options.rounds):
            for server in servers:
                values[server.name].append(measure(server))
        return values

    def add(self, work, unit, values, goal, more_is_better, digits=0):
        medians = {name: statistics.median(all) for name, all in values.items()}
        redis, lockstep = medians["redis"], medians["lockstep"]
        ratio = lockstep / redis if redis else float("nan")
        held = ratio >= goal if more_is_better else ratio <= goal
        sign = ">=" if more_is_better else "<="
        self.rows.append({"work": work, "unit": unit, "redis": redis, "lockstep": lockstep,
                          "ratio": round(ratio, 3), "goal": f"{sign} {goal}", "held": held,
                          "runs": values, "digits": digits})
        print(f"{work}: redis {redis:.{digits}f}, lockstep {lockstep:.{digits}f} {unit}, "
              f"ratio {ratio:.2f} ({sign} {goal})", file=sys.stderr, flush=True)


def redis_benchmark(table, server, test, requests, pipeline=1):
    command = ["redis-benchmark", "-p", server.port, "-c", 50, "-n", requests, "-P", pipeline,
               "-d", VALUE_BYTES, "-r", KEYS, "-t", test, "--csv"]
    rows = list(csv.DictReader(io.StringIO(table.run(command))))
    return float(rows[0]["rps"])


def generator(table, server, workload, *flags):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        table.run([GENERATOR, workload, "--port", server.port, "--keys", KEYS, "--value-bytes",
                   VALUE_BYTES, "--quiet", "--json", file.name, *flags])
        return json.load(open(file.name))


def throughput_rows(table):
    scale = table.options.scale
    rows = [
        ("PING, -c 50", "ping_mbulk", 1, 400_000, "never", "always", 0.95),
        ("GET, -c 50", "get", 1, 400_000, "never", "always", 0.95),
        ("GET, -c 50 -P 16", "get", 16, 2_500_000, "never", "always", 1.2),
        ("SET, fsync always, -c 50", "set", 1, 100_000, "always", "always", 1.2),
        ("SET, fsync always, -c 50 -P 16", "set", 16, 1_000_000, "always", "always", 1.0),
        ("SET, fsync never, -c 50", "set", 1, 400_000, "never", "never", 0.8),
        ("SET, fsync never, -c 50 -P 16", "set", 16, 2_500_000, "never", "never", 0.8),
    ]
    for work, test, pipeline, requests, redis_fsync, lockstep_fsync, goal in rows:
        if not table.wants(work):
            continue
        servers = [Server("redis", redis_fsync), Server("lockstep", lockstep_fsync)]
        try:
            requests = max(1_000, int(requests * scale))
            for server in servers:
                redis_benchmark(table, server, "set", min(KEYS, requests), 16)
            values = table.in_turns(
                servers, lambda server: redis_benchmark(table, server, test, requests, pipeline))
            table.add(work, "requests/s", values, goal, True)
        finally:
            for server in servers:
                server.stop()


def half_load_rows(table):
    seconds = max(0.3, 8 * table.options.scale)
    works = [("ping", "PING", "never", "always"), ("get", "GET", "never", "always"),
             ("set", "SET, fsync always", "always", "always"),
             ("set", "SET, fsync never", "never", "never")]
    for workload, title, redis_fsync, lockstep_fsync in works:
        work = f"p99 at half load, {title}"
        if not table.wants(work):
            continue
        servers = [Server("redis", redis_fsync), Server("lockstep", lockstep_fsync)]
        try:
            peaks = table.in_turns(servers, lambda server: generator(
                table, server, workload, "--duration", seconds / 2)["throughput"]["mean"])
            rate = min(statistics.median(all) for all in peaks.values()) / 2
            reports = table.in_turns(servers, lambda server: generator(
                table, server, workload, "--duration", seconds, "--no-preload", "--rate",
                f"{rate:.0f}"))
            values = {name: [report["latency"]["p99"] for report in all]
                      for name, all in reports.items()}
            table.add(f"{work} ({rate:.0f}/s)", "us", values, 1.5, False, 1)
            table.rows[-1]["service_p99"] = {
                name: statistics.median(report["service"]["p99"] for report in all)
                for name, all in reports.items()}
            table.rows[-1]["schedule_kept"] = all(
                report["schedule"]["kept"] for all_ in reports.values() for report in all_)
            table.rows[-1]["peaks"] = peaks
        finally:
            for server in servers:
                server.stop()


def load_keys(table, server, keys):
    table.run([GENERATOR, "load", "--port", server.port, "--clients", 16, "--pipeline", 64,
               "--keys", keys, "--value-bytes", VALUE_BYTES, "--quiet"])
    look_for(server, keys)


def memory_row(table, work, fill):
    """What so many keys take, which are put into a server by a function."""
    if not table.wants(work):
        return
    resident, used = {}, {}
    for name in SERVERS:
        server = Server(name, "never")
        try:
            fill(server)
            time.sleep(2 * min(1, table.options.scale))
            resident[name] = [server.resident_bytes() / 2**20]
            used[name] = server.info("used_memory")
        finally:
            server.stop()
    table.add(work, "MiB resident", resident, 1.5, False, 1)
    table.rows[-1]["used_memory"] = used


def memory_rows(table):
    count = max(1_000, int(1_000_000 * table.options.scale))
    memory_row(table, f"memory of {count} keys (16 B key, {VALUE_BYTES} B value)",
               lambda server: load_keys(table, server, count))
    memory_row(table, f"memory of {count} hashes of 5 fields (7 B, values of 13 B)",
               lambda server: load(server, count, map(small_hash, range(count))))
    memory_row(table, f"memory of {count} lists of 5 elements (16 B)",
               lambda server: load(server, count, map(small_list, range(count))))


def small_hash(number):
    fields = [word for field in range(5) for word in (f"field:{field}", f"value:{number * 5 + field:08}")]
    return ["HSET", f"hash:{number:011}", *fields]


def small_list(number):
    return ["RPUSH", f"list:{number:011}", *(f"element:{number * 5 + each:08}" for each in range(5))]


def load(server, keys, commands):
    """Gives a server the commands that make so many keys, as many at once as it takes."""
    pipe = subprocess.Popen(["redis-cli", "-p", str(server.port), "--pipe"], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for words in commands:
        pipe.stdin.write(f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words))
    out, _ = pipe.communicate()
    if pipe.returncode != 0 or "errors: 0" not in out:
        raise SystemExit(f"{server.name}: {out}")
    look_for(server, keys)


def look_for(server, keys):
    """Ends the program when a server does not hold exactly so many keys."""
    if int(server.cli("dbsize")) != keys:
        raise SystemExit(f"{server.name} holds {server.cli('dbsize')} keys, not {keys}")


def restart_row(table):
    keys = max(1_000, int(1_000_000 * table.options.scale))
    work = f"restart with {keys} keys"
    if not table.wants(work):
        return
    values = {name: [] for name in SERVERS}
    for name in SERVERS:
        server = Server(name, "always")
        try:
            load_keys(table, server, keys)
            for sign in (signal.SIGTERM, signal.SIGKILL) * ((table.options.rounds + 1) // 2):
                os.kill(server.pid, sign)
                while alive(server.pid):
                    time.sleep(0.01)
                began = time.monotonic()
                server = Server(name, "always", server.dir, server.port)
                while server.cli("dbsize") != str(keys):
                    if time.monotonic() - began > 60:
                        raise SystemExit(f"{name} came back with {server.cli('dbsize')} keys")
                    time.sleep(0.005)
                values[name].append(time.monotonic() - began)
        finally:
            server.stop()
    worst = max(values["lockstep"])
    table.rows.append({"work": work, "unit": "s", "redis": max(values["redis"]), "lockstep": worst,
                       "ratio": None, "goal": "<= 3 s", "held": worst <= 3, "runs": values,
                       "digits": 2})
    print(f"{work}: {values}", file=sys.stderr)


def alive(pid):
    try:
        # A zombie has ended; it is not ours to wait for.
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def environment():
    def first(command):
        try:
            return subprocess.run(command, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL).stdout.strip().splitlines()[0]
        except (OSError, IndexError):
            return "unknown"

    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line]
    return {
        "processor": model[0] if model else "unknown",
        "processors": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "redis": first(["redis-server", "--version"]),
        "lockstep": first([os.environ.get("SERVER", str(ROOT / "target/release/lockstep")),
                           "--version"]),
        "commit": first(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]),
        "date": time.strftime("%Y-%m-%d"),
        "load_before": os.getloadavg()[0],
    }


def markdown(table, where):
    lines = [
        "# Speed against redis-server", "",
        f"{where['processors']} x {where['processor']}, Linux {where['kernel']}, {where['date']}, "
        f"commit {where['commit']}; {where['lockstep']}; {where['redis']}.",
        f"Medians of {table.options.rounds} runs each, in turns; generator and server share the "
        "processors." + (" SHORT FORM: proves nothing." if table.options.short else ""), "",
        "| work | unit | redis | lockstep | ratio | goal | held |", "|---|---|---:|---:|---:|---|---|",
    ]
    for row in table.rows:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        lines.append(f"| {row['work']} | {row['unit']} | {row['redis']:.{row['digits']}f} "
                     f"| {row['lockstep']:.{row['digits']}f} | {ratio} | {row['goal']} "
                     f"| {'yes' if row['held'] else 'NO'} |")
    lines += ["", "Restart: the slowest of the runs, after SIGTERM and after SIGKILL, until DBSIZE "
              "is right. Half load: half of the smaller peak, open loop, latency from the intended "
              "start.", "", "Command lines:", "", "```"]
    lines += list(dict.fromkeys(drop_numbers(command) for command in table.commands)) + ["```", ""]
    return "\n".join(lines)


def drop_numbers(command):
    """Without what changes from run to run: ports and temporary files."""
    words = command.split()
    for at in range(1, len(words)):
        if words[at - 1] in ("-p", "--port"):
            words[at] = "PORT"
        if words[at - 1] == "--json":
            words[at] = "FILE"
    return " ".join(words)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a smoke test of a few seconds")
    parser.add_argument("--rounds", type=int, help="runs per server and row [3]")
    parser.add_argument("--rows", default="", help="only rows whose name holds this")
    parser.add_argument("--out", help="folder for speed.md and speed.json [bench/results]")
    options = parser.parse_args()
    options.scale = 0.01 if options.short else 1.0
    options.rounds = options.rounds or (1 if options.short else 3)
    out = pathlib.Path(options.out or (ROOT / ("target/bench" if options.short else "bench/results")))
    where = environment()
    table = Table(options)
    for part in (throughput_rows, half_load_rows, memory_rows, restart_row):
        part(table)
    out.mkdir(parents=True, exist_ok=True)
    text = markdown(table, where)
    (out / "speed.md").write_text(text)
    everything = {"environment": where, "rows": table.rows, "commands": table.commands}
    (out / "speed.json").write_text(json.dumps(everything, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
