"""Several accounts at once: who runs beside whom, and who holds up nobody."""

import os
import signal
import threading
import time

import pytest

from lib.mail import message
from lib.waiting import until

pytestmark = pytest.mark.ours


def mail(n):
    return message(n).replace(b"\n", b"\r\n")


class Watch:
    """Who is logged in, and how many were at once."""

    def __init__(self):
        self.now, self.most, self.order = set(), 0, []
        self.lock = threading.Lock()

    def enter(self, name):
        with self.lock:
            assert name not in self.now
            self.now.add(name)
            self.order.append(name)
            self.most = max(self.most, len(self.now))

    def leave(self, name):
        with self.lock:
            self.now.discard(name)


@pytest.fixture
def account(pop3, sink):
    """account(n): a server with a mail, seen by watch, and its rc text."""
    s = sink()
    watch = Watch()

    def make(n, host=None, user="user", linger=0.5, more="", server="",
             **answers):
        name = f"{n}"

        def enter(line, arg):
            watch.enter(name)

        def leave(line, arg):
            time.sleep(linger)
            watch.leave(name)

        p = pop3(messages=[mail(n)], host=host or f"127.0.1.{n}", user=user,
                 answers={"PASS": enter, "QUIT": leave, **answers})
        return (f"poll {p.host} proto pop3 port {p.port} {server} user {user} "
                f"pass secret is u{n}@example.com smtphost 127.0.0.1/{s.port} "
                f"{more}\n")

    make.sink, make.watch = s, watch
    return make


def test_all_at_once(account, run_fetchmail):
    together = threading.Barrier(5)

    def meet(line, arg):
        together.wait(20)

    rc = "".join(account(n, USER=meet) for n in range(1, 6))
    r = run_fetchmail(rc)
    assert r.returncode == 0, r.stderr
    assert len(account.sink.messages) == 5
    # Whole lines, those of an account in their order.
    for n in range(1, 6):
        lines = [x for x in r.stdout.splitlines() if f"127.0.1.{n}" in x]
        assert len(lines) == 2, r.stdout
        assert lines[0].startswith("1 message for user at ")
        assert lines[1].startswith("reading message user@")
        assert lines[1].endswith(" flushed")


@pytest.mark.parametrize("settings, most", [
    ("set parallel 1", 1), ("set parallel 2", 2), ("set parallel 3", 3)])
def test_so_many(account, run_fetchmail, settings, most):
    rc = "".join(account(n) for n in range(1, 7))
    r = run_fetchmail(settings + "\n" + rc)
    assert r.returncode == 0 and len(account.sink.messages) == 6
    assert account.watch.most == most
    if most == 1:
        assert account.watch.order == [str(n) for n in range(1, 7)]


@pytest.mark.parametrize("settings, most", [
    ("", 2), ("set parallel-per-host 1", 1), ("set parallel-per-host 4", 4)])
def test_so_many_at_a_host(account, run_fetchmail, settings, most):
    rc = "".join(account(n, host="127.0.2.1", user=f"user{n}")
                 for n in range(1, 6))
    r = run_fetchmail(settings + "\n" + rc)
    assert r.returncode == 0 and len(account.sink.messages) == 5
    assert account.watch.most == most


def test_one_mailbox_twice(account, run_fetchmail):
    rc = account(1, host="127.0.2.1") + account(2, host="127.0.2.1")
    r = run_fetchmail(rc + account(3))
    assert r.returncode == 0 and len(account.sink.messages) == 3
    order = account.watch.order
    assert order.index("1") < order.index("2") and account.watch.most == 2


@pytest.mark.parametrize("more, server", [
    ('preconnect "true"', ""), ('postconnect "true"', ""),
    ("", "interface lo/127.0.0.0/255.0.0.0"), ("", "monitor lo")])
def test_alone(account, run_fetchmail, more, server):
    names = []

    def look(line, arg):
        names.append(set(account.watch.now))

    rc = (account(1) + account(2, more=more, server=server, STAT=look)
          + account(3) + account(4))
    r = run_fetchmail(rc)
    assert r.returncode == 0, r.stderr
    assert names == [{"2"}] and account.watch.most == 3
    assert len(account.sink.messages) == 4


def test_dialogues_are_not_mixed(account, run_fetchmail):
    rc = "".join(account(n) for n in range(1, 4))
    r = run_fetchmail(rc, "-v")
    assert r.returncode == 0 and account.watch.most == 1
    r = run_fetchmail("set parallel 3\n" + rc, "-v")
    assert account.watch.most == 3


def test_a_dead_one_holds_up_nobody(account, start_fetchmail):
    stuck = threading.Event()

    def hang(line, arg):
        stuck.wait(60)

    rc = account(1, STAT=hang) + "".join(account(n) for n in range(2, 6))
    p = start_fetchmail("set parallel 2\n" + rc)
    account.sink.wait(4)
    until(lambda: account.watch.now == {"1"}, "the others are done")
    p.send_signal(signal.SIGTERM)
    p.communicate(timeout=20)
    stuck.set()
    # Some had mail: that is what the status says.
    assert len(account.sink.messages) == 4 and p.returncode == 0


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(x) for x in f.read().split()]


def test_a_crash_takes_nobody_along(account, start_fetchmail):
    stuck, in_it = threading.Event(), threading.Event()

    def hang(line, arg):
        in_it.set()
        stuck.wait(60)

    def wait(line, arg):
        stuck.wait(20)

    p = start_fetchmail(account(1, STAT=hang))
    assert in_it.wait(20)
    first, = children(p.pid)
    os.kill(first, signal.SIGKILL)
    out, err = p.communicate(timeout=20)
    assert "was killed by signal 9" in err and p.returncode == 23
    in_it.clear()
    p = start_fetchmail(account(2, STAT=hang) + account(3, STAT=wait))
    assert in_it.wait(20)
    os.kill(children(p.pid)[0], signal.SIGKILL)
    stuck.set()
    out, err = p.communicate(timeout=20)
    assert "was killed by signal 9" in err and p.returncode == 0
    assert len(account.sink.wait(1)) == 1


def test_a_slow_password_holds_up_nobody(account, start_fetchmail, top):
    gate = top / "gate"
    os.mkfifo(gate)
    rc = account(1).replace("pass secret", f"passwordeval 'cat {gate}'")
    p = start_fetchmail(rc + account(2) + account(3))
    account.sink.wait(2)
    gate.write_text("secret\n")
    out, err = p.communicate(timeout=20)
    assert p.returncode == 0, err
    assert len(account.sink.messages) == 3


@pytest.mark.parametrize("order, status", [
    ("bad good none", 0), ("none bad", 3), ("bad none", 1),
    ("none none", 1)])
def test_the_status_is_that_of_a_sequence(account, pop3, run_fetchmail, order,
                                          status):
    rc = ""
    for n, kind in enumerate(order.split(), 1):
        text = account(n)
        if kind == "bad":
            text = text.replace("user user", "user nobody")
        if kind == "none":
            p = pop3(host=f"127.0.3.{n}")
            text = (f"poll {p.host} proto pop3 port {p.port} user user pass "
                    "secret is u@example.com\n")
        rc += text
    assert run_fetchmail(rc).returncode == status


@pytest.mark.parametrize("line", ["set parallel 0", "set parallel 501",
                                  "set parallel-per-host 0"])
def test_numbers(account, run_fetchmail, line):
    r = run_fetchmail(line + "\n" + account(1))
    assert r.returncode == 5
    assert f"{line.split()[1]} is 1 to 500, not" in r.stderr
