"""The rows of a measured table, and how they are written down."""

import json
import pathlib
import re
import subprocess
import sys

from nodes import ROOT


class Table:
    """The rows so far, with the commands that measured them."""

    def __init__(self):
        self.rows, self.commands = [], []

    def add(self, work, measured, goal, held, **numbers):
        self.rows.append({"work": work, "measured": measured, "goal": goal, "held": held, **numbers})
        print(f"{work}: {measured} (goal {goal}) {'held' if held else 'MISSED'}", flush=True)

    def run(self, command):
        words = [str(word) for word in command]
        shown = " ".join(words).replace(str(ROOT) + "/", "").replace(sys.executable, "python3")
        shown = re.sub(r"/tmp/\S+", "FILE", shown)
        if shown not in self.commands:
            self.commands.append(shown)
        return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE).stdout

    def attempt(self, command):
        """Runs the load generator; whether what it checked held."""
        try:
            self.run(command)
            return True
        except subprocess.CalledProcessError as why:
            if why.returncode != 2:
                raise
            return False

    def write(self, title, out):
        """Writes `out`.md and `out`.json."""
        machine = subprocess.run(
            ["sh", "-c", "uname -srm; nproc; grep -m1 'model name' /proc/cpuinfo"],
            text=True, stdout=subprocess.PIPE).stdout.split("\n")
        lines = [f"# {title}", "",
                 f"{', '.join(line for line in machine if line)}. Clients, nodes and peers share "
                 "it. Ratios compare what was measured in turns in one run.", "",
                 "| event or work | measured | goal | held |", "| --- | --- | --- | --- |"]
        lines += [f"| {row['work']} | {row['measured']} | {row['goal']} | "
                  f"{'yes' if row['held'] else 'no'} |" for row in self.rows]
        lines += ["", "Commands that measured, besides the clients of the script itself:", "",
                  "```"] + self.commands + ["```", ""]
        pathlib.Path(f"{out}.md").write_text("\n".join(lines))
        pathlib.Path(f"{out}.json").write_text(json.dumps(self.rows, indent=1))
        print(f"written: {out}.md")
