#!/usr/bin/env python3
"""Measures every test of redis-benchmark, Lockstep against redis-server, in one run.

The whole list (`redis-benchmark` without `-t`) goes to one server and to the other in turns, a new
pair of servers for each row of settings; the table shows medians and their ratio.

    cargo build --release --workspace
    bench/commands.py                # about 15 minutes; writes bench/results/commands.{md,json}
    bench/commands.py --short        # shows that everything runs, proves nothing
    bench/commands.py --rows never-16 --rounds 5
    bench/commands.py --tests xadd,lrange_600
"""

import argparse
import csv
import io
import json
import os
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
SERVERS = ("redis", "lockstep")
# Name of the row, fsync, commands in flight per connection, goal.
ROWS = [("never-1", "never", 1, 0.8), ("never-16", "never", 16, 1.0), ("always-1", "always", 1, 1.0)]
# Large replies have a goal of their own without pipelining.
LARGE = ("LRANGE_600", "LRANGE_500")


def start(name, fsync):
    out = subprocess.run([PEERS / f"{name}.sh", "start", fsync], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return dict(part.split("=", 1) for part in out.split())


def stop(name, server):
    subprocess.run([PEERS / f"{name}.sh", "stop", server["pid"], server["dir"]], check=True)


def benchmark(port, options, depth):
    """Rates by test, in requests per second."""
    requests = options.requests * (4 if depth > 1 else 1)
    words = ["redis-benchmark", "-p", port, "-c", "50", "-P", str(depth), "-n", str(requests),
             "-r", "100000", "-d", "64", "--csv"]
    if options.tests:
        words += ["-t", options.tests]
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=options.patience)
    if done.returncode != 0 or "Error" in done.stdout + done.stderr:
        raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-500:]}{done.stderr[-500:]}")
    return {row["test"].split(" (")[0]: float(row["rps"])
            for row in csv.DictReader(io.StringIO(done.stdout))}, " ".join(words)


def row(options, name, fsync, depth, goal):
    """The tests of a row, with the medians of both servers."""
    rates = {server: {} for server in SERVERS}
    servers = {server: start(server, fsync) for server in SERVERS}
    try:
        for _ in range(options.rounds):
            for server in SERVERS:
                found, words = benchmark(servers[server]["port"], options, depth)
                for test, rate in found.items():
                    rates[server].setdefault(test, []).append(rate)
    finally:
        for server in SERVERS:
            stop(server, servers[server])
    print(f"{name}: {words}", flush=True)
    for test in rates["redis"]:
        redis, ours = (statistics.median(rates[server][test]) for server in SERVERS)
        wanted = 0.9 if depth == 1 and fsync == "never" and test.startswith(LARGE) else goal
        yield {"row": name, "test": test, "redis": redis, "lockstep": ours,
               "ratio": round(ours / redis, 2), "goal": wanted, "held": ours >= wanted * redis}


def write(rows, options):
    machine = subprocess.run(["sh", "-c", "uname -srm; nproc; grep -m1 'model name' /proc/cpuinfo"],
                             text=True, stdout=subprocess.PIPE).stdout.split("\n")
    lines = ["# Every test of redis-benchmark, beside redis-server 7.0.15", "",
             f"{', '.join(line for line in machine if line)}. `bench/commands.py --rounds {options.rounds}`: the whole list at one "
             "server and at the other in turns, 50 connections, values of 64 bytes, 100,000 keys; rates are medians in requests per "
             "second, and only ratios compare. redis-benchmark runs on the same processors. `never`: nothing is synced (Redis without persistence); `always`: "
             "every write is before it is answered (Redis: appendfsync always). The number behind: commands in flight per connection.", ""]
    for name in dict.fromkeys(row["row"] for row in rows):
        of = [row for row in rows if row["row"] == name]
        lines += [f"## {name}", "", "| test | redis | lockstep | ratio | goal | held |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [f"| {row['test']} | {row['redis']:,.0f} | {row['lockstep']:,.0f} | {row['ratio']:.2f} | {row['goal']} | "
                  f"{'yes' if row['held'] else 'no'} |" for row in of]
        held = sum(row["held"] for row in of)
        lines += ["", f"{held} of {len(of)} held.", ""]
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".md").write_text("\n".join(lines))
    out.with_suffix(".json").write_text(json.dumps(rows, indent=1))
    print(f"written: {out.with_suffix('.md')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", default=",".join(name for name, *_ in ROWS))
    parser.add_argument("--tests", default="", help="for redis-benchmark -t; all without")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=100_000, help="per test; four times as many with 16 in flight")
    parser.add_argument("--patience", type=int, default=600, help="seconds for one list")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--out", default=str(ROOT / "bench/results/commands"))
    options = parser.parse_args()
    if options.short:
        options.rounds, options.requests = 1, 2_000
    os.chdir(ROOT)
    chosen = options.rows.split(",")
    rows = [measured for each in ROWS if each[0] in chosen for measured in row(options, *each)]
    for each in rows:
        print(f"{each['row']} {each['test']}: {each['ratio']} (goal {each['goal']}) {'held' if each['held'] else 'MISSED'}")
    write(rows, options)


if __name__ == "__main__":
    main()
