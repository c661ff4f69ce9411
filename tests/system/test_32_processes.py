"""What clients see of our processes: few places, a stop, a death."""

import os
import re
import signal
import socket
import threading

import pytest

from lib.mail import message
from lib.smtp import Client, send
from lib.waiting import until

pytestmark = pytest.mark.ours

USER = "virtualuser1@example.com"


def pid_of(host, kind):
    return until(lambda: [p for p, name in host.pids().items()
                          if name == kind], f"a {kind} runs", 20)[0]


def test_fewer_places_than_fronts(vdeliver):
    """Each front has one all the same."""
    host = vdeliver({"default_process_limit": "1",
                     "vdeliver_front_count": "3"}).start()
    for i in range(6):
        assert send(host.where, "s@remote.example", USER,
                    message(i)).startswith("250 ")


@pytest.mark.parametrize("_", range(3))
def test_a_last_reply_comes_after_the_others(vdeliver, closing, _):
    """A client that has not read yet, when the router dies: no reply is cut by
    the 421."""
    host = vdeliver({"vdeliver_front_count": "1",
                     "smtpd_junk_command_limit": "1000000"}).start()
    front, router = pid_of(host, "vd-front"), pid_of(host, "vd-router")
    s = closing(socket.socket())
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.settimeout(20)
    s.connect(host.where)
    assert s.recv(1000).startswith(b"220 ")
    s.sendall(b"EHLO x.test\r\n")
    assert s.recv(2000).endswith(b"250 CHUNKING\r\n")
    fill(s)
    os.kill(front, signal.SIGSTOP)
    os.kill(router, signal.SIGKILL)
    got = read_some(s)  # there is room again when it goes on
    os.kill(front, signal.SIGCONT)
    got += read_all(s)
    lines = got.decode().split("\r\n")
    assert lines.pop() == ""
    assert len(lines) > 1000
    odd = [x for x in lines[:-1] if x != "250 2.0.0 Ok"]
    assert not odd, odd
    assert re.fullmatch(r"250 2\.0\.0 Ok|421 4\.3\.[02] .*", lines[-1])


def fill(s):
    """Commands, until no reply fits any more: then none is read either."""
    s.settimeout(1)
    try:
        for _ in range(10000):
            s.sendall(b"RSET\r\n" * 500)
    except TimeoutError:
        s.settimeout(20)
        return
    raise AssertionError("it reads for ever")


def read_some(s):
    got = b""
    s.settimeout(0.3)
    try:
        while piece := s.recv(65536):
            got += piece
    except TimeoutError:
        pass
    s.settimeout(20)
    return got


def read_all(s):
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return got


def test_the_logger_dies_while_we_stop(vdeliver):
    """Whoever has a line to log waits for nobody: what is in flight ends."""
    host = vdeliver().start()
    with Client(host.where) as c:
        c.say("EHLO x.test")
        c.say("MAIL FROM:<s@remote.example>")
        c.say(f"RCPT TO:<{USER}>")
        assert c.say("DATA").startswith("354 ")
        host.proc.send_signal(signal.SIGTERM)
        until(lambda: refused(host.where), "no listener any more", 10)
        os.kill(pid_of(host, "vd-logger"), signal.SIGKILL)
        c.body(message(1))
        assert c.reply().startswith("250 2.0.0 ")
    assert host.proc.wait(20) == 0
    assert "status=sent" in host.log()


def refused(where):
    try:
        socket.create_connection(where, 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_workers_die_without_a_pause_for_all(vdeliver):
    """Workers that die at once hold up nobody."""
    host = vdeliver({"virtual_uid_maps": "hash:" + "/run/none"})
    uids = host.dir / "uids"
    host.table("uids", "@example.com 5000\nvirtualuser2@example.com 5001\n")
    host.write_config(virtual_uid_maps=f"hash:{uids}")
    host.start()
    stop, killed = threading.Event(), []

    def kill():
        while not stop.is_set():
            for pid, name in host.pids().items():
                if name == "vd-worker":
                    try:
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)
                    except ProcessLookupError:
                        pass
            stop.wait(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with Client(host.where) as c:
            for i in range(12):
                c.transaction("s@remote.example", [USER], message(i),
                              "EHLO x.test" if i == 0 else "RSET")
    finally:
        stop.set()
        killer.join()
    assert killed
    assert send(host.where, "s@remote.example", USER,
                message(99)).startswith("250 ")
