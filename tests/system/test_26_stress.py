"""Clients that stall, leave or never read; stops and stuck children among them."""

import os
import resource
import signal
import socket
import threading
import time

import pytest

from lib.mail import message
from lib.smtp import Client, send
from lib.waiting import until

pytestmark = pytest.mark.ours
OUT = "friend@other.test"
USER = "virtualuser1@example.com"
VIRTUAL = f"both@example.com {USER}, {OUT}\n"
BODY = "Subject: x\r\n\r\nHello.\r\n"
STAGES = ["", "EHLO client.example\r\n", "MAIL FROM:<s@remote.example>\r\n",
          f"RCPT TO:<{USER}>\r\n", "DATA\r\n", BODY, ".\r\n"]


def leftovers(host):
    """Files under tmp/ of any Maildir."""
    return [str(p) for p in host.base.rglob("tmp/*")]


def pid_of(host, name):
    return until(lambda: [p for p, n in host.pids().items() if n == name],
                 f"a {name} runs")[0]


def descriptors(host):
    return {(name, pid): len(os.listdir(f"/proc/{pid}/fd"))
            for pid, name in host.pids().items() if name != "vd-worker"}


def more(now, before):
    """Processes that have more descriptors, or that were not there."""
    return [p for p in now if now[p] > before.get(p, 0)]


def enter(where, stage):
    """A client that has said all up to this stage, and heard the answers."""
    c = Client(where)
    for text in STAGES[1:stage + 1]:
        c.sock.sendall(text.encode())
        if text != BODY:
            c.reply()
    return c


def ended(sock):
    """What comes until the connection ends."""
    got = b""
    try:
        while piece := sock.recv(4096):
            got += piece
    except ConnectionResetError:
        pass
    return got.decode()


def test_stop_with_clients_at_every_stage(vdeliver):
    host = vdeliver().start()
    clients = [enter(host.where, i) for i in range(6)]
    start = time.monotonic()
    host.proc.terminate()
    # Who is between messages is sent away at once.
    for c in clients[:2]:
        assert ended(c.sock).startswith("421 4.3.2 ")
    assert time.monotonic() - start < 5
    # The others may end what they began; who does not hears of it, too.
    for c in clients[2:]:
        assert ended(c.sock).startswith("421 ")
    assert host.proc.wait(10) == 0
    assert time.monotonic() - start < 30
    assert not leftovers(host) and not host.new("test1")


def test_its_client_leaves_and_we_stop(vdeliver, sink):
    there = sink({"dot": lambda: time.sleep(3)})
    host = vdeliver({"relayhost": f"[127.0.0.1]:{there.port}"},
                    maps={"virtual": VIRTUAL}).start()
    with Client(host.where) as c:
        for line in (STAGES[1], STAGES[2], "RCPT TO:<both@example.com>\r\n",
                     STAGES[4]):
            c.say(line[:-2])
        c.sock.sendall((BODY + ".\r\n").encode())
        until(lambda: "DATA" in there.seen, "the sink gets it")
        # Gone for good, with a reset.
        c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          b"\1\0\0\0\0\0\0\0")
    host.proc.terminate()
    assert host.proc.wait(25) == 0
    assert len(there.messages) == 1
    assert len(host.new("test1")) == 1 and not leftovers(host)


def test_giving_up_leaves_nothing_behind(vdeliver):
    host = vdeliver({"smtpd_client_connection_count_limit": "0"}).start()
    assert send(host.where, "s@remote.example", USER,
                message(1)).startswith("250 ")
    until(lambda: len(descriptors(host)) >= 5, "all processes run")
    before = descriptors(host)
    for i in range(200):
        sock = socket.create_connection(host.where, 10)
        stage = i % len(STAGES)
        if i % 3:
            # All at once, up to there; answers are not read.
            sock.sendall("".join(STAGES[1:stage + 1]).encode())
        if i % 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            b"\1\0\0\0\0\0\0\0")
        sock.close()
    # The client before them may have been there still.
    until(lambda: not more(descriptors(host), before),
          "all descriptors are closed", 20)
    assert send(host.where, "s@remote.example", USER,
                message(2)).startswith("250 ")
    assert not leftovers(host)


def memory(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(next(x for x in f if x.startswith("VmRSS")).split()[1])


def test_a_client_that_never_reads(vdeliver):
    host = vdeliver().start()
    front = pid_of(host, "vd-front")
    with Client(host.where) as c:
        c.say("EHLO client.example")
        before = memory(front)
        c.sock.settimeout(1)
        flood = b"HELP\r\n" * 10000
        try:
            for _ in range(500):
                c.sock.sendall(flood)
        except TimeoutError:
            pass
        else:
            pytest.fail("all of it was read")
        assert memory(front) - before < 4096
        assert send(host.where, "s@remote.example", USER,
                    message(1)).startswith("250 ")


def test_late_replies_are_no_silence(vdeliver):
    host = vdeliver({"smtpd_timeout": "1s", "smtpd_soft_error_limit": "1",
                     "smtpd_error_sleep_time": "3s"}).start()
    with Client(host.where) as c:
        c.say("EHLO client.example")
        for _ in range(3):
            assert c.say("FOO").startswith("500 ")
        assert c.reply().startswith("421 4.4.2 ")


def test_new_jobs_do_not_put_off_a_deadline(vdeliver):
    host = vdeliver({"vdeliver_worker_timeout": "4s",
                     "vdeliver_check_room": "no"}).start()
    assert send(host.where, "s@remote.example", USER,
                message(1)).startswith("250 ")
    os.kill(pid_of(host, "vd-worker"), signal.SIGSTOP)
    answers = []

    def one(number):
        answers.append(send(host.where, "s@remote.example", USER,
                            message(number)))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(2, 30)]
    start = time.monotonic()
    for t in threads:
        t.start()
        time.sleep(0.4)
        if answers:
            break
    assert time.monotonic() - start < 9
    for t in threads:
        if t.ident:
            t.join(30)
    assert answers[0].startswith("451 4.3.0 ")
    assert send(host.where, "s@remote.example", USER,
                message(99)).startswith("250 ")


def test_stuck_lookups(vdeliver):
    host = vdeliver({"vdeliver_lookup_timeout": "2s"}).start()
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        for pid, name in host.pids().items():
            if name == "vd-lookup":
                os.kill(pid, signal.SIGSTOP)
        assert c.say(f"RCPT TO:<{USER}>").startswith("451 4.3.0 ")
        until(lambda: c.say(f"RCPT TO:<{USER}>").startswith("250 "),
              "new lookup processes work", 20)


def busy(pid):
    """Seconds of processor time."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_short_of_descriptors(vdeliver):
    host = vdeliver({"smtpd_client_connection_count_limit": "0"}).start()
    front = pid_of(host, "vd-front")
    used = max(map(int, os.listdir(f"/proc/{front}/fd")))
    hard = resource.prlimit(front, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(front, resource.RLIMIT_NOFILE, (used + 2, hard))
    before = busy(front)
    socks = [socket.create_connection(host.where, 10) for _ in range(10)]
    time.sleep(3)
    assert busy(front) - before < 1
    assert host.log().count("accept: ") < 10
    for s in socks:
        s.close()
    assert send(host.where, "s@remote.example", USER,
                message(1)).startswith("250 ")


def test_the_logger_dies_while_we_stop(vdeliver):
    host = vdeliver().start()
    with enter(host.where, 5) as c:
        logger = pid_of(host, "vd-logger")
        host.proc.terminate()
        host.logged("terminating on signal")
        os.kill(logger, signal.SIGKILL)
        c.sock.sendall(b".\r\n")
        assert c.reply().startswith("250 ")
    assert host.proc.wait(20) == 0
    assert "status=sent" in host.log()
