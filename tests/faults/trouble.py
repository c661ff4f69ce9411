"""Calls fail, the disk is full: an answer of class 4 or 5 and nothing half-done,
or 250 and all is there."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import cuts
import disk
import kills
from lib.mail import stamped
from lib.smtp import Client

CALLS = ("openat", "mkdirat", "write", "fsync", "sync_file_range",
         "newfstatat", "fstat", "statx",
         "renameat2", "unlinkat", "ftruncate", "fcntl", "pread64", "faccessat2")
ERRORS = ("ENOSPC", "EDQUOT", "EIO", "EINTR")
SHORT = Path(os.environ.get("BUILD", ".")) / "tests/faults/short.so"
TO = list(kills.BOXES)


class Strace:
    """Attached to a process; log has its calls."""

    def __init__(self, pid, log, *options):
        self.log = log
        self.proc = subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-o", str(log), *options],
            stderr=subprocess.PIPE, text=True)
        assert "attached" in (said := self.proc.stderr.readline()), said

    def end(self):
        self.proc.send_signal(signal.SIGINT)
        try:
            self.proc.wait(5)
        except subprocess.TimeoutExpired:  # stuck with a process that aborts
            self.proc.kill()
            self.proc.wait(5)
        self.proc.stderr.close()
        return self.log.read_text(errors="replace")


def answer_of(host, number, size=100000):
    with Client(host.where, 60) as c:
        return c.transaction("s@remote.example", TO, stamped(number, size))


def calls_of(host, top):
    """{call: how often} the worker of the most boxes does it in a delivery."""
    s = Strace(kills.victim(host, "vd-worker", 5000), top / "calls", "-e",
               "trace=" + ",".join(CALLS))
    assert answer_of(host, "calls")[:3] == "250"
    text = s.end()
    # The counters of strace are of a thread.
    return {c: len(re.findall(rf"^\d+ +{c}\(", text, re.M)) for c in CALLS}


def seen(host, number):
    """{address: is the message there}; fails for what is not whole."""
    out = {}
    for address, path in kills.BOXES.items():
        look = cuts.in_maildir if path.endswith("/") else cuts.in_mbox
        good, bad = look(host.base / path)
        assert not bad, bad
        out[address] = str(number) in good
    return out


def has_worker(host):
    return any(name == "vd-worker" and kills.uid_of(pid) == 5000
               for pid, name in host.pids().items())


def one_fault(host, top, number, call, error, when):
    """Was it injected? The worker that we ask is the first one."""
    s = Strace(kills.victim(host, "vd-worker", 5000), top / "log", "-e",
               f"trace={call}", "-e", f"inject={call}:error={error}:when={when}")
    answer = answer_of(host, number)
    text = s.end()
    what = f"{call} {error} {when}: {answer}"
    there = seen(host, number)
    if answer[:3] == "250":
        assert all(there.values()), what
    else:
        # What is over quota is refused for good, as virtual(8) does it.
        assert answer[0] == "4" or (error == "EDQUOT" and answer[:3] in
                                    ("552", "550", "554")), what
    if call != "unlinkat":
        assert not kills.left_in_tmp(host), (what, kills.left_in_tmp(host))
    return "(INJECTED)" in text


def inject(top, step):
    """Each of ERRORS at each call of CALLS, in a delivery to four boxes."""
    with contextlib.closing(kills.Stopping(kills.host_in(top))) as s:
        r = kills.Round(s.host, TO)
        r.again()
        counts, tried, hit = calls_of(s.host, top), 0, 0
        points = [(c, e, w) for c in CALLS for e in ERRORS
                  for w in range(1, counts[c] + 1)]
        for call, error, when in points[::step]:
            if not has_worker(s.host):
                r.again()  # the last fault ended it
            tried += 1
            hit += one_fault(s.host, top, f"f{tried}", call, error, when)
            if tried % 10 == 0:
                r.again()
        r.again()
        assert hit > tried // 2, f"{hit} of {tried} were injected"
        assert not left_locks(s.host), left_locks(s.host)
        return f"{hit} calls failed, mail went on; " + ", ".join(
            f"{n} {c}" for c, n in counts.items() if n)


def left_locks(host):
    return [str(p) for p in host.base.rglob("*.lock")]


def short_writes(top):
    """Each second call is interrupted, the others write or read half."""
    host = kills.host_in(top)
    os.environ["LD_PRELOAD"] = str(SHORT)
    try:
        host.start()
    finally:
        del os.environ["LD_PRELOAD"]
    with contextlib.closing(host_stopper(host)):
        maps = open(f"/proc/{host.proc.pid}/maps").read()
        assert "short.so" in maps, "the library was not loaded"
        for i, size in enumerate((0, 300, 5000, 100000, 3000000)):
            answer = answer_of(host, f"s{i}", size)
            assert answer[:3] == "250", answer
            assert all(seen(host, f"s{i}").values()), size
    return "5 sizes, all whole"


class host_stopper:
    def __init__(self, host):
        self.close = host.stop


class Small:
    """A file system with little room below the boxes; used up, then given back."""

    def __init__(self, top, *more):
        top.mkdir(mode=0o755)
        disk.make("ext4", top / "image", *more)
        self.fs = disk.FileSystem("ext4", top / "image", top / "fs")
        self.host = kills.host_in(top)
        self.host.base = Path(self.fs.where) / "vmail"
        # It is to run into the wall: without a look at the room before.
        self.host.write_config(virtual_mailbox_base=str(self.host.base),
                               vdeliver_check_room="no")
        for name, uid in ((".", 5000), ("example.com", 5000), ("other", 5001)):
            (self.host.base / name).mkdir(exist_ok=True)
            os.chown(self.host.base / name, uid, 5000)
        self.fill = Path(self.fs.where) / "fill"
        self.host.start()

    def close(self):
        self.host.stop()
        self.fs.close()

    def refused(self, number, size):
        answer = answer_of(self.host, number, size)
        assert answer[0] == "4", answer
        assert not any(seen(self.host, number).values()), answer
        assert not kills.left_in_tmp(self.host), answer
        return answer

    def accepted(self, number, size):
        answer = answer_of(self.host, number, size)
        assert answer[:3] == "250", answer
        assert all(seen(self.host, number).values())


def use_blocks(fs, keep):
    """Fill it up to keep octets."""
    with open(fs.fill, "wb") as f:
        with contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))
                f.flush()
    with open(fs.fill, "r+b") as f:
        f.truncate(max(0, f.seek(0, 2) - keep))
    os.sync()


def disk_full(top):
    with contextlib.closing(Small(top)) as fs:
        fs.accepted("before", 100000)
        told = set()
        for i, keep in enumerate((0, 8192, 65536, 262144, 700000)):
            use_blocks(fs, keep)
            # A message that fits for one box, and not for all.
            told.add(fs.refused(f"full{i}", 1000000 if keep else 5000)[:9])
        os.unlink(fs.fill)
        os.sync()
        fs.accepted("after", 100000)
        return f"refused with {', '.join(sorted(told))}; then accepted"


def inodes_gone(top):
    with contextlib.closing(Small(top, "-N", "64", "-m", "0")) as fs:
        fs.accepted("before", 300)
        fs.fill.mkdir()
        n = 0
        with contextlib.suppress(OSError):
            while True:
                (fs.fill / str(n)).touch()
                n += 1
        told = {fs.refused("none", 300)[:9]}
        os.unlink(fs.fill / "0")  # enough for one of the three Maildirs
        told.add(fs.refused("one", 300)[:9])
        for i in range(1, n):
            os.unlink(fs.fill / str(i))
        fs.accepted("after", 300)
        return f"refused with {', '.join(sorted(told))}; then accepted"
