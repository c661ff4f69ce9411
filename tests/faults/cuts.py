"""Disks as they may be after a power cut, and what has to be on them."""

import os
import random
import re
import subprocess
from pathlib import Path

from disk import CUT_OPTIONS, RECORD, FileSystem
from lib.mail import whole

PIECE = 4096  # what a disk writes whole or not at all


class Log:
    """The records of a disk: [(at, octets)], octets empty: a flush."""

    def __init__(self, path):
        octets, at, self.records = path.read_bytes(), 0, []
        while at < len(octets):
            where, n = RECORD.unpack_from(octets, at)
            at += RECORD.size
            self.records.append((where, octets[at:at + n]))
            at += n

    def flushed(self, cut):
        """Of the records before cut, so many are on disk for certain."""
        while cut > 0 and self.records[cut - 1][1]:
            cut -= 1
        return cut


def choose(log, began, marks, count, rng):
    """Cut points [(records, share)]: share of what was not flushed yet is there.

    Most are at the moment of an answer, when nothing may be missing already.
    """
    end, cuts = len(log.records), []
    flushes = [i + 1 for i in range(began, end) if not log.records[i][1]]
    for i in range(count):
        share = rng.choice((0, 0.1, 0.5, 0.9))
        if i % 10 < 5:
            cuts.append((rng.choice(marks), 0))
        elif i % 10 < 7:
            cuts.append((rng.choice(marks), share))
        elif i % 10 < 8:
            cuts.append((rng.choice(flushes), 0))
        else:
            cuts.append((rng.randrange(began, end + 1), share))
    return sorted(cuts)


class Builder:
    """Builds the disk for one cut after the other, in rising order."""

    def __init__(self, base, log, top, rng):
        self.log, self.rng, self.done = log, rng, 0
        self.safe, self.disk = top / "safe", top / "cut"
        self._copy(base, self.safe)

    @staticmethod
    def _copy(a, b):
        subprocess.run(["cp", "--sparse=always", a, b], check=True)

    def build(self, cut, share):
        flushed = self.log.flushed(cut)
        with open(self.safe, "r+b") as f:
            for at, octets in self.log.records[self.done:flushed]:
                os.pwrite(f.fileno(), octets, at)
        self.done = max(self.done, flushed)
        self._copy(self.safe, self.disk)
        with open(self.disk, "r+b") as f:
            for at, octets in self.log.records[flushed:cut]:
                self._torn(f.fileno(), at, octets, share)
        return self.disk

    def _torn(self, fd, at, octets, share):
        for i in range(0, len(octets), PIECE):
            if self.rng.random() < share:
                os.pwrite(fd, octets[i:i + PIECE], at + i)


def in_maildir(path):
    """({numbers of whole messages}, [names of damaged files])."""
    good, bad = set(), []
    for place in ("new", "cur"):
        try:
            names = os.listdir(path / place)
        except FileNotFoundError:
            continue
        for name in names:
            number = whole((path / place / name).read_bytes())
            good.add(number)
            if number is None:
                bad.append(f"{path / place / name}")
    return good, bad


def in_mbox(path):
    """The same of an mbox; cut ones are allowed there."""
    try:
        octets = path.read_bytes()
    except FileNotFoundError:
        return set(), []
    # A line with From_ begins a message, whatever a dead writer left before it.
    parts = re.split(rb"^From [^\n]*\n", octets, flags=re.M)
    return {whole(p[:-1]) for p in parts}, []


def missing(base, acked, cut, boxes):
    """What is wrong after a cut, a line each. acked: [(mark, number, box)];
    boxes: {address: path below base}, of a Maildir when it ends in a slash."""
    wrong, seen = [], {}
    for address, path in boxes.items():
        look = in_maildir if path.endswith("/") else in_mbox
        seen[address], bad = look(Path(base) / path)
        wrong += [f"partial: {b}" for b in bad]
    wrong += [f"lost: message {number} of {address}, answered at {mark}"
              for mark, number, address in acked
              if mark <= cut and number not in seen[address]]
    return wrong


def check(kind, disk, where, acked, cut, boxes, below="vmail"):
    """Mount it as after a restart and look: lines of what is wrong."""
    try:
        fs = FileSystem(kind, disk, where, CUT_OPTIONS.get(kind, ""))
    except OSError as e:
        return [f"cannot be mounted: {e}"]
    try:
        return missing(Path(where) / below, acked, cut, boxes)
    finally:
        fs.close()


def rng_of(seed):
    return random.Random(seed)
