"""A process dies at each system call of a delivery; then mail goes on."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import cuts
from lib.daemon import Vdeliver
from lib.mail import stamped
from lib.smtp import Client
from lib.waiting import until

KILLAT = Path(os.environ.get("BUILD", ".")) / "tests/faults/killat"
BOXES = {"a@example.com": "example.com/a/", "b@example.com": "example.com/b/",
         "c@example.com": "other/c/", "m@example.com": "example.com/m"}


def host_in(top):
    top.mkdir(mode=0o755, parents=True, exist_ok=True)
    host = Vdeliver(
        top / "host",
        {"virtual_uid_maps": f"hash:{top}/host/etc/uids",
         "smtpd_error_sleep_time": "0", "virtual_alias_maps": None,
         "virtual_mailbox_lock": "fcntl, dotlock",
         "stale_lock_time": "1s"},
        {"vmailbox": "".join(f"{a} {p}\n" for a, p in BOXES.items()),
         "uids": "@example.com 5000\nc@example.com 5001\n"})
    for name, uid in (("example.com", 5000), ("other", 5001)):
        (host.base / name).mkdir()
        os.chown(host.base / name, uid, 5000)
    return host


class Killer:
    """killat at the n-th call of pid."""

    def __init__(self, pid, n):
        self.proc = subprocess.Popen([KILLAT, str(pid), str(n)],
                                     stdout=subprocess.PIPE, text=True)
        assert self.proc.stdout.readline() == "ready\n", f"killat {pid}"

    def end(self):
        """(was it killed, the call's number or how many calls)."""
        self.proc.send_signal(signal.SIGTERM)
        word, _, number = self.proc.communicate(timeout=20)[0].partition(" ")
        return word == "killed", int(number or 0)


def send(host, number, to, size=300):
    """True: answered with 250. Any other end is no promise."""
    try:
        with Client(host.where, 30) as c:
            answer = c.transaction("s@remote.example", to,
                                   stamped(number, size))
    except OSError:
        return False
    assert answer[:3] == "250" or answer[0] == "4", answer
    return answer[:3] == "250"


def uid_of(pid):
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return int(re.search(r"^Uid:\s+(\d+)", text, re.M)[1])


def victim(host, kind, uid=None):
    """The first process of that name, and of that user if one is given."""
    return until(lambda: [p for p, name in host.pids().items()
                          if name == kind and uid in (None, uid_of(p))],
                 f"a {kind} runs", 30)[0]


def left_in_tmp(host):
    return [str(p) for path in BOXES.values() if path.endswith("/")
            for p in (host.base / path / "tmp").glob("*")]


class Round:
    """Numbers of messages, and which of them were promised."""

    def __init__(self, host, to):
        self.host, self.to, self.number, self.acked = host, to, 0, []

    def send(self, size=300):
        self.number += 1
        number = str(self.number)
        if not send(self.host, number, self.to, size):
            return False
        self.acked += [(0, number, address) for address in self.to]
        return True

    def again(self):
        until(self.send, "mail goes on", 60, 0.05)

    def kill_at(self, kind, uid, n):
        """True: it was killed there, and mail goes on."""
        killer = Killer(victim(self.host, kind, uid), n)
        try:
            self.send(100000)
        finally:
            killed, _ = killer.end()
        self.again()
        assert not left_in_tmp(self.host), (kind, n, left_in_tmp(self.host))
        return killed


def kill_everywhere(top, kind, to, step):
    """kind is the process; step: each step-th call only."""
    with contextlib.closing(Stopping(host_in(top))) as s:
        r, times = Round(s.host, to), []
        r.again()
        # The one of several workers has more to do than the other.
        for uid in users(to) if kind == "vd-worker" else [None]:
            n = 1
            # Idle processes end by themselves: a miss is looked at twice.
            while any(r.kill_at(kind, uid, n) for _ in range(2)):
                n += step
            times.append(n // step)
        assert min(times) >= 3, f"no {kind} was killed: {times}"
        wrong = cuts.missing(s.host.base, r.acked, 0, BOXES)
        assert not wrong, wrong[:5]
        return (f"killed {' and '.join(map(str, times))} times, "
                f"{len(r.acked)} deliveries answered")


def users(to):
    return sorted({5001 if BOXES[a].startswith("other/") else 5000
                   for a in to})


class Stopping:
    def __init__(self, host):
        self.host = host.start()

    def close(self):
        self.host.stop()


def both(top, kind, step):
    """Alone in a Maildir, and in several of two users with an mbox."""
    one = kill_everywhere(top / "1", kind, ["a@example.com"], step)
    many = kill_everywhere(top / "2", kind, list(BOXES), step)
    return f"one mailbox: {one}; four: {many}"
