#!/usr/bin/env python3
"""Build and query tables by two programs on one machine in one run.

    tables.py OURS [OTHER]      two postmap commands, as "maptool map"; OTHER is
                                the postmap in PATH unless it is named

Prints the medians of some rounds, in which the two take turns, as a table:
seconds of wall time, how often OURS goes into OTHER, bytes of the file. The
source has shuffled lines of about 61 bytes, a million of them unless
--entries says otherwise.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TYPES = {"hash": "db", "btree": "db", "lmdb": "lmdb", "cdb": "cdb"}
LOOKUPS = 100000
SMALL = 100


def measure(command, cwd, stdin=None):
    """Wall seconds, and the peak memory in bytes, of one command."""
    began = time.monotonic()
    child = subprocess.Popen(command, cwd=cwd, stdin=stdin or subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit("%s: exit status %d" % (" ".join(command), child.returncode))
    return took, usage.ru_maxrss * 1024


def words(command):
    """The program, by its whole path, and its arguments."""
    first, *rest = command.split()
    return [shutil.which(first) or os.path.abspath(first), *rest]


class Bench:
    def __init__(self, programs, entries, rounds, directory):
        self.programs = programs
        self.rounds = rounds
        self.dir = directory
        self.write_source("m", entries)
        self.write_source("small", SMALL)
        pick = random.Random(1)
        with open(self.path("keys"), "w") as keys:
            for _ in range(LOOKUPS):
                keys.write(self.key(pick.randrange(entries)) + "\n")
        os.mkdir(self.path("etc"))
        with open(self.path("etc/main.cf"), "w") as main_cf:
            main_cf.write("compatibility_level = 3.6\n"
                          "lmdb_map_size = 1073741824\n")
        # One of the two waits for files that were just changed.
        for name in ("m", "small", "etc/main.cf"):
            os.utime(self.path(name), (time.time() - 1000,) * 2)

    def path(self, name):
        return os.path.join(self.dir, name)

    @staticmethod
    def key(i):
        return "user%06d@dom%d.example.com" % (i, i % 1000)

    def write_source(self, name, entries):
        numbers = list(range(entries))
        random.Random(7).shuffle(numbers)
        with open(self.path(name), "w") as source:
            for i in numbers:
                source.write("%s dom%d.example.com/user%06d/\n"
                             % (self.key(i), i % 1000, i))

    def run(self, which, *arguments, stdin=None):
        command = [*self.programs[which], "-c", self.path("etc"), *arguments]
        if stdin is None:
            return measure(command, self.dir)
        with open(self.path(stdin)) as given:
            return measure(command, self.dir, given)

    def row(self, what, results, note=""):
        medians = [statistics.median(r) for r in results]
        print("| %s | %.3f | %.3f | %.2f | %s |"
              % (what, medians[1], medians[0], medians[0] / medians[1], note),
              flush=True)

    def table_type(self, kind):
        built, asked, peak, size = ([], []), ([], []), 0, [0, 0]
        file = self.path("m." + TYPES[kind])
        for _ in range(self.rounds):
            for which in (1, 0):
                os.sync()
                took, memory = self.run(which, kind + ":m")
                built[which].append(took)
                size[which] = os.path.getsize(file)
                if which == 0:
                    peak = max(peak, memory)
                asked[which].append(
                    self.run(which, "-q", "-", kind + ":m", stdin="keys")[0])
                os.remove(file)
        source = os.path.getsize(self.path("m"))
        self.row("build `%s`" % kind, built,
                 "file %.0f MB, theirs %.0f MB; peak memory %.1f × source"
                 % (size[0] / 1e6, size[1] / 1e6, peak / source))
        self.row("%d lookups in it" % LOOKUPS, asked)

    def small(self):
        built, asked = ([], []), ([], [])
        for _ in range(20 * self.rounds):
            for which in (1, 0):
                built[which].append(self.run(which, "hash:small")[0])
                asked[which].append(
                    self.run(which, "-q", self.key(1), "hash:small")[0])
        self.row("%d entries, `hash`" % SMALL, built, "the whole process")
        self.row("one lookup", asked, "the whole process")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("ours")
    parser.add_argument("other", nargs="?", default=shutil.which("postmap"))
    parser.add_argument("--entries", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.other is None:
        sys.exit("no other postmap: name one")
    directory = tempfile.mkdtemp(prefix="tables.")
    try:
        bench = Bench([words(options.ours), words(options.other)],
                      options.entries, options.rounds, directory)
        print("%d entries, %d cores, medians of %d rounds, in seconds\n"
              % (options.entries, os.cpu_count(), options.rounds))
        print("| | %s | ours | ours / theirs | |" % options.other)
        print("|---|---|---|---|---|")
        for kind in TYPES:
            bench.table_type(kind)
        bench.small()
    finally:
        shutil.rmtree(directory)


main()
