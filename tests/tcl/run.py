#!/usr/bin/env python3
"""Runs the Tcl test suite of redis 7.0.15 against Lockstep, unit by unit.

Every unit meets a server (or three nodes) of its own. What passes is compared with
what passes on Redis (redis.txt) and with the failures that are known (expected.txt);
anything else that fails ends the run with status 1.

    cargo build -p lockstep
    tests/tcl/run.py                                   # all units, drop-in profile
    tests/tcl/run.py --units unit/type/list,unit/scan  # some units
    tests/tcl/run.py --profile cluster                 # with --cluster-enabled yes
    tests/tcl/run.py --through follower                # a follower of three nodes
    tests/tcl/run.py --profile cluster --through follower
    tests/tcl/run.py --internal                        # the suite starts the servers

The suite is fetched from Debian's source package into target/tcl, or taken from
where --suite says. It needs tclsh8.6, redis-cli and, to fetch, apt-get. All that the
suite says is kept in target/tcl/output, or output-internal.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
os.environ.setdefault("SERVER", str(ROOT / "target/debug/lockstep"))
sys.path.insert(0, str(ROOT / "bench/cluster"))
import internal  # noqa: E402
from nodes import Lockstep, free_ports  # noqa: E402

KEPT = ROOT / "target/tcl"
VERSION = "7.0.15"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCES = f"deb-src [signed-by={KEYRING}] http://deb.debian.org/debian bookworm main\n"
# What no server owes that is not Redis itself: the same tags as in Redis' own runs
# against servers without debug commands, replicas and files.
SKIPPED_TAGS = ("-slow", "-needs:debug", "-needs:repl", "-needs:save", "-needs:config-maxmemory")
PROFILES = {"drop-in": "--singledb", "cluster": "--cluster-mode"}
LINE = re.compile(r"^\[(ok|err|exception|TIMEOUT)\]:? ?(.*)$")
COLOR = re.compile(r"\x1b\[[0-9;]*m")
# Behind a name: where it stands or how long it took.
BEHIND = re.compile(r"( in tests/\S+\.tcl| \(\d+ ms\))$")


def main():
    options = arguments()
    suite = prepared(options.suite or fetched())
    if options.internal:
        suite = internal.folder_for(suite, KEPT, options.redis)
    goals, known = read_goals(options), read_known(options)
    units = options.units.split(",") if options.units else list(goals)
    results = [run_unit(suite, unit, options) for unit in units]
    print(table(results, goals))
    return judge(results, goals, known)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", choices=PROFILES, default="drop-in")
    parser.add_argument("--through", choices=("one", "follower"), default="one",
                        help="a node alone, or a follower of three nodes")
    parser.add_argument("--internal", action="store_true",
                        help="the suite starts the servers: the units of internal.txt")
    parser.add_argument("--redis", action="store_true",
                        help="the installed redis-server instead of Lockstep, with --internal")
    parser.add_argument("--units", help="with commas between; all units if not given")
    parser.add_argument("--suite", type=pathlib.Path, help="the unpacked source of redis")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for one unit")
    parser.add_argument("--quiet", action="store_true", help="no output of the suite's failures")
    options = parser.parse_args()
    if options.redis and not options.internal:
        parser.error("--redis goes with --internal")
    return options


def fetched():
    """The suite out of Debian's source package; nothing of this system is changed."""
    place = KEPT / f"redis-{VERSION}"
    if place.is_dir():
        return place
    for part in ("lists/partial", "cache/archives/partial"):
        (KEPT / part).mkdir(parents=True, exist_ok=True)
    (KEPT / "sources.list").write_text(SOURCES)
    apt = ["apt-get", "-qq", "-o", f"Dir::Etc::sourcelist={KEPT}/sources.list",
           "-o", "Dir::Etc::sourceparts=-", "-o", f"Dir::State::lists={KEPT}/lists",
           "-o", f"Dir::Cache={KEPT}/cache", "-o", "APT::Sandbox::User="]
    subprocess.run([*apt, "update"], check=True, cwd=KEPT)
    subprocess.run([*apt, "source", "--download-only", "redis"], check=True, cwd=KEPT)
    with tarfile.open(KEPT / f"redis_{VERSION}.orig.tar.gz") as archive:
        top = archive.getnames()[0].split("/")[0]
        archive.extractall(KEPT / "unpacked")
    (KEPT / "unpacked" / top).rename(place)
    return place


def prepared(suite):
    """The suite looks for programs in its own src/."""
    for program in ("redis-cli", "redis-benchmark", "redis-server"):
        link, found = suite / "src" / program, shutil.which(program)
        if found and not link.exists():
            link.symlink_to(found)
    if not (suite / "src/redis-cli").exists():
        raise SystemExit("redis-cli is not installed")
    return suite


def read_goals(options):
    """What passes on Redis: unit -> count."""
    column = 1 if options.internal else 1 + list(PROFILES).index(options.profile)
    rows = (line.split() for line in lines_of("internal.txt" if options.internal else "redis.txt"))
    return {row[0]: int(row[column]) for row in rows}


def read_known(options):
    """The failures that are known, as pairs of unit and name."""
    if options.redis:
        return set()
    kinds = {"spoils", "always", options.profile, options.through}
    if options.internal:
        kinds = {"always", "internal", "spoils-internal"}
    rows = (line.split(None, 2) for line in lines_of("expected.txt"))
    return {(unit, name) for when, unit, name in rows if when in kinds}


def read_spoilers(unit, options):
    """The tests of a unit that are not run: where they fail, those behind them fail as well."""
    if options.redis:
        return []
    kind = "spoils-internal" if options.internal else "spoils"
    rows = (line.split(None, 2) for line in lines_of("expected.txt"))
    return [name for when, of, name in rows if (when, of) == (kind, unit)]


def lines_of(name):
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


class Result:
    """What came out of one unit."""

    def __init__(self, unit):
        self.unit, self.passed, self.failed, self.seconds = unit, [], [], 0.0

    def take(self, line):
        """Counts a line of the suite's output; gives whether it tells a failure."""
        match = LINE.match(COLOR.sub("", line.rstrip()))
        if not match:
            return False
        kind, name = match[1], BEHIND.sub("", match[2]).strip()
        if kind == "ok":
            self.passed.append(name)
        else:
            self.failed.append(name if kind == "err" else kind)
        return kind != "ok"


def run_unit(suite, unit, options):
    result, begun = Result(unit), time.monotonic()
    if options.internal:
        output = talked(suite, internal.words(options), unit, options)
    else:
        output = with_server(suite, unit, options)
    folder = KEPT / ("output-internal" if options.internal else "output")
    said = folder / f"{unit.replace('/', '-')}.txt"
    said.parent.mkdir(parents=True, exist_ok=True)
    said.write_text(output)
    shown = False
    for line in output.splitlines():
        # What follows a failure tells why, up to the next result.
        shown = result.take(line) or (shown and not line.startswith("["))
        if shown and not options.quiet:
            print(f"  {line}", file=sys.stderr)
        if "End of the report" in line or "The End" in line:
            break
    result.seconds = time.monotonic() - begun
    print(f"{unit}: {len(result.passed)} passed, {len(result.failed)} failed, "
          f"{result.seconds:.0f} s", file=sys.stderr, flush=True)
    return result


def with_server(suite, unit, options):
    server = started(options)
    try:
        port = server.ports[0 if options.through == "one" else follower(server)]
        return talked(suite, external(port, options), unit, options)
    finally:
        server.stop()


def started(options):
    flags = ["--fsync", "never"]
    if options.profile == "cluster":
        flags += ["--cluster-enabled", "yes"]
        if options.through == "follower":
            # The suite's client does not go where it is sent.
            flags += ["--cluster-mode", "proxy"]
    return Lockstep(size=1 if options.through == "one" else 3, flags=flags)


def follower(server):
    # Who tracks through a node is told of a change of leader: it comes before the suite.
    leader = server.settled_leader()
    return next(at for at in range(server.size) if at != leader)


def external(port, options):
    words = ["--host", "127.0.0.1", "--port", port, "--ignore-encoding", "--ignore-digest",
             PROFILES[options.profile], "--baseport", free_ports(1, beside=(-32, 0))[0]]
    for tag in SKIPPED_TAGS:
        words += ["--tags", tag]
    return words


def talked(suite, words, unit, options):
    """All that the suite says about a unit."""
    words = ["tclsh8.6", "tests/test_helper.tcl", "--clients", 1, "--durable", "--single", unit,
             "--timeout", options.timeout, *words]
    for name in read_spoilers(unit, options):
        words += ["--skiptest", name]
    running = subprocess.Popen([str(word) for word in words], cwd=suite, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True,
                               env=internal.environment(suite))
    try:
        return running.communicate(timeout=options.timeout)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        end_all(running)
        said = running.communicate()[0].decode(errors="replace")
        return said + "\n[TIMEOUT]: of the whole unit\n"
    finally:
        end_all(running)


def end_all(running):
    """Ends the suite, if it runs, and the servers that it has started and left."""
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def table(results, goals):
    rows = ["| unit | Lockstep | Redis | failed | seconds |", "| --- | --- | --- | --- | --- |"]
    for result in results:
        rows.append(f"| {result.unit} | {len(result.passed)} | {goals.get(result.unit, '-')} | "
                    f"{len(result.failed)} | {result.seconds:.0f} |")
    passed = sum(len(result.passed) for result in results)
    goal = sum(goals.get(result.unit, 0) for result in results)
    rows.append(f"| all | {passed} | {goal} | {sum(len(r.failed) for r in results)} | |")
    return "\n".join(rows)


def judge(results, goals, known):
    """Says what nobody expected; gives the status to end with."""
    wrong = []
    for result in results:
        failed = [(result.unit, name) for name in result.failed]
        wrong += [f"{unit}: failed: {name}" for unit, name in failed if (unit, name) not in known]
        for unit, name in sorted(known - set(failed)):
            if unit == result.unit and name in result.passed:
                print(f"{unit}: passes, was expected to fail: {name}")
        missed = goals.get(result.unit, 0) - len(result.passed)
        # Some tests run twice under one name; others are not run at all.
        unseen = [name for unit, name in known - set(failed)
                  if unit == result.unit and name not in result.passed]
        if missed > len(failed) + len(unseen):
            wrong.append(f"{result.unit}: {missed} fewer passed than on Redis")
    print("\n".join(wrong) or "nothing unexpected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
