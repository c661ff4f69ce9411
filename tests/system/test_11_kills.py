"""kill -9 at random moments under load: no answered message is missing."""

import os
import random
import signal
import subprocess
import threading

import pytest

from lib.mail import stamped, whole
from lib.smtp import Client
from lib.waiting import free_port, until

pytestmark = pytest.mark.ours

KINDS = ["vd-worker", "vd-front", "vd-router", "vd-lookup", "vd-logger",
         "vd-monitor"]
CONNECTIONS = 10
USERS = 3


class Load:
    """Ten clients that send all the time; answered: numbers that got 250.

    more: recipients of each message, beside one of USERS.
    """

    def __init__(self, port, more=()):
        self.port, self.more = port, list(more)
        self.sent, self.answered = 0, set()
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i,))
                         for i in range(CONNECTIONS)]
        for t in self._threads:
            t.start()

    def _number(self):
        with self._lock:
            self.sent += 1
            return str(self.sent)

    def _session(self, me):
        with Client(("127.0.0.1", self.port), timeout=60) as c:
            hello = f"EHLO client{me}.example"
            while not self._stop.is_set():
                number = self._number()
                answer = c.transaction(
                    "s@remote.example",
                    [f"virtualuser{random.randrange(USERS)}@example.com",
                     *self.more],
                    stamped(number, random.choice([300, 5000, 100000])),
                    hello)
                hello = None
                if answer.startswith("250 "):
                    self.answered.add(number)
                elif not answer.startswith("4"):
                    raise AssertionError(answer)
                else:
                    hello = "RSET"

    def _run(self, me):
        while not self._stop.is_set():
            try:
                self._session(me)
            except (OSError, ConnectionError):
                self._stop.wait(0.01)  # being restarted

    def stop(self):
        self._stop.set()
        for t in self._threads:
            t.join(60)
            assert not t.is_alive()


def victim(host, kind):
    return until(lambda: [p for p, name in host.pids().items()
                          if name == kind], f"a {kind} runs", 30)


def kill_one(host, kind):
    """Returns when another one does the work."""
    # A child has the monitor's name until it has one of its own.
    pid = host.proc.pid if kind == "vd-monitor" else \
        random.choice(victim(host, kind))
    os.kill(pid, signal.SIGKILL)
    if kind != "vd-monitor":
        until(lambda: pid not in host.pids(), f"{kind} {pid} is gone")
        return
    children = until(lambda: host.proc.poll() is not None, "the monitor ends")
    assert children
    until(lambda: not ours_left(), "all children end", 30)
    host.start()


def ours_left():
    """Processes of any vdeliver in our process namespace."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                text = f.read()
        except OSError:
            continue
        if "(vd-" in text and ") Z " not in text:
            found.append(pid)
    return found


def storm(host, load, rounds, seed, kinds=KINDS):
    random.seed(seed)
    pause = threading.Event()
    for i in range(rounds):
        pause.wait(random.uniform(0, 0.2))
        kind = kinds[i % len(kinds)]
        kill_one(host, kind)
        before = len(load.answered)
        until(lambda: len(load.answered) > before,
              f"mail flows again after the death of a {kind}; "
              + host.stderr()[-500:], 30)


def check(host, load):
    """Every answered message is there, and everything in new/ is whole; the
    numbers that are there."""
    stored = []
    for user in range(USERS):
        path = host.maildir(f"test{user}") / "new"
        for name in os.listdir(path):
            number = whole((path / name).read_bytes())
            assert number is not None, f"{path / name} is damaged"
            stored.append(number)
    missing = load.answered - set(stored)
    assert not missing, f"answered and missing: {sorted(missing)}"
    assert len(load.answered) > 100
    return stored


def rounds(vdeliver, count, kinds=KINDS, more=(), **config):
    port = free_port()
    host = vdeliver({"smtpd_error_sleep_time": "0",
                     "smtpd_hard_error_limit": "1000", **config},
                    listen=[f"inet:127.0.0.1:{port}"]).start()
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    load = Load(port, more)
    try:
        storm(host, load, count, seed, kinds)
    finally:
        load.stop()
    host.stop()
    host.start()
    stored = check(host, load)
    print(f"{len(load.answered)} answered of {load.sent}")
    return stored, load


def test_fifty_kills(vdeliver):
    rounds(vdeliver, 50)


def relayed(to):
    """The numbers of the messages that relayhost has."""
    return [whole(m["data"].replace(b"\r\n", b"\n").split(b"\n\tby ", 1)[1]
                  .partition(b"\n")[2]) for m in to.messages]


@pytest.mark.parametrize("kinds", [["vd-relay"], ["vd-relay", *KINDS]],
                         ids=["alone", "with others"])
def test_kills_of_relays(vdeliver, sink, kinds):
    """A mailbox and a relayhost: what was answered is at both."""
    to = sink()
    stored, load = rounds(vdeliver, 21, kinds, ["friend@other.test"],
                          relayhost=f"[127.0.0.1]:{to.port}",
                          vdeliver_relay_limit="4")
    there = set(relayed(to))
    assert None not in there
    assert not load.answered - there
    if kinds == ["vd-relay"]:
        # Nothing is in a mailbox of which the client heard that it is not.
        assert sorted(stored) == sorted(load.answered)


@pytest.mark.long
def test_three_hundred_kills(vdeliver):
    rounds(vdeliver, 300)


def test_what_dead_workers_left_is_removed(vdeliver):
    """A tmp file of a dead worker goes when mail comes to that Maildir."""
    host = vdeliver().start()
    to = ["virtualuser0@example.com"]
    with Client(host.where) as c:
        c.transaction("s@remote.example", to, stamped(1))
        tmp = host.maildir("test0") / "tmp"
        boot = open("/proc/sys/kernel/random/boot_id").read()[:8]
        dead = subprocess.Popen(["true"])
        dead.wait()
        left = tmp / f"1700000000.P{dead.pid}Q1B{boot}.fetchhost.test.example"
        left.write_bytes(b"half a mess")
        os.chown(left, 5000, 5000)
        other = tmp / "1700000000.P1.somebody.else"
        other.write_bytes(b"not ours")
        kill_one(host, "vd-worker")
        until(lambda: c.transaction("s@remote.example", to, stamped(2),
                                    "RSET").startswith("250 "), "delivery")
        until(lambda: not left.exists(), "the dead worker's file is removed")
        assert other.exists()
