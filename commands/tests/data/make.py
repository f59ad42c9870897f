#!/usr/bin/env python3
"""Writes the facts of COMMAND INFO of a running Redis as a table of lines.

Usage: redis-cli -p PORT --json COMMAND INFO | ./make.py > redis-7.0.15-commands.json

One object per command and subcommand, sorted by name, so that a difference
shows as a line. Sets are sorted; names and numbers only, no prose but the
notes of key specifications.
"""

import json
import sys


def facts(command):
    name, arity, flags, first, last, step, acl, tips, keys, _ = command
    return {
        "name": name,
        "arity": arity,
        "flags": sorted(flags),
        "range": [first, last, step],
        "acl": sorted(acl),
        "tips": sorted(tips),
        "keys": [key_spec(key) for key in keys],
    }


def key_spec(key):
    return {
        "notes": key.get("notes", ""),
        "flags": sorted(key["flags"]),
        "begin": [key["begin_search"]["type"], *key["begin_search"]["spec"].values()],
        "find": [key["find_keys"]["type"], *key["find_keys"]["spec"].values()],
    }


def main():
    lines = []
    for command in json.load(sys.stdin):
        lines += [facts(command), *map(facts, command[9])]
    lines.sort(key=lambda line: line["name"])
    print("[\n" + ",\n".join(json.dumps(line, sort_keys=True) for line in lines) + "\n]")


main()
