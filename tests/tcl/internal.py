"""The internal mode of Redis' suite: it starts its servers itself, as src/redis-server.

The suite runs in a folder of links to it, where src/redis-server is the script beside
this file, which becomes Lockstep, or the installed redis-server.
"""

import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def folder_for(suite, kept, on_redis):
    """A folder that looks like the suite's, with a src/redis-server of its own."""
    folder = kept / ("internal-redis" if on_redis else "internal")
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "tests/tmp").mkdir(parents=True, exist_ok=True)
    for entry in suite.iterdir():
        if entry.name not in ("src", "tests"):
            link(folder / entry.name, entry)
    for entry in (suite / "tests").iterdir():
        if entry.name != "tmp":
            link(folder / "tests" / entry.name, entry)
    for program in ("redis-cli", "redis-benchmark"):
        link(folder / "src" / program, shutil.which(program))
    server = shutil.which("redis-server") if on_redis else HERE / "redis-server"
    link(folder / "src/redis-server", server)
    if not on_redis:
        (folder / "settings.txt").write_text("\n".join(settings()) + "\n")
    return folder


def link(place, target):
    if target is None:
        raise SystemExit(f"{place.name} is not installed")
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def settings():
    """The names of all settings of Lockstep, older ones as well."""
    shown = subprocess.run([os.environ["SERVER"], "settings-reference"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    rows = (line.split("|")[1] for line in shown.splitlines() if line.startswith("| `"))
    return sorted({name.strip("` ") for row in rows for name in row.split(",")})


def environment(folder):
    """What the script in Redis' place needs to know."""
    return {**os.environ, "SETTINGS": str(folder / "settings.txt")}


def words(options):
    # A port for every server the suite starts, far from those that other runs take.
    base = 21_111 if options.redis else 31_111
    return ["--tags", "-slow", "--baseport", base, "--portcount", 1000]
