"""Commands instead of sockets, before and after a poll; interfaces."""

import os

import pytest

from lib.fetchmail import PLAIN
from lib.mail import message
from lib.waiting import until

# Joins its standard input and output with a port.
JOIN = '''#!/usr/bin/python3
import os, socket, sys, threading
open(sys.argv[0] + ".ran", "a").write(repr(sys.argv[1:]))
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def up():
    while True:
        d = os.read(0, 4096)
        if not d:
            break
        s.sendall(d)
    s.shutdown(1)
threading.Thread(target=up, daemon=True).start()
while True:
    d = s.recv(4096)
    if not d:
        break
    os.write(1, d)
'''


@pytest.fixture
def join(top):
    path = top / "join"
    path.write_text(JOIN)
    path.chmod(0o755)
    return path


@pytest.fixture
def account(pop3, sink):
    """account(server options, user options): the rc text."""
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")])
    s = sink()

    def make(server="", user="", port=None, smtp=None):
        return (f'poll 127.0.0.1 proto pop3 port {port or p.port} {server} '
                f'user user pass secret is u@example.com here {PLAIN} '
                f"sslproto '' fetchall {user} "
                f'smtphost 127.0.0.1/{smtp or s.port}\n')

    return make, p, s


def test_plugin(account, run_fetchmail, join):
    make, p, s = account
    r = run_fetchmail(make(f'plugin "{join} 127.0.0.1 {p.port} %h:%p"',
                           port=1))
    assert (r.returncode, len(s.messages)) == (0, 1)
    ran = (join.parent / "join.ran").read_text()
    assert ran == repr(["127.0.0.1", str(p.port), "127.0.0.1:1"])


def test_plugout(account, run_fetchmail, join):
    make, p, s = account
    r = run_fetchmail(make(f'plugout "{join} 127.0.0.1 {s.port} %p"', smtp=1))
    assert (r.returncode, len(s.messages)) == (0, 1)


def test_plugin_missing(account, run_fetchmail):
    make, p, s = account
    r = run_fetchmail(make('plugin "/nonexistent %h"'))
    assert r.returncode == 2 and "/nonexistent" in r.stderr


@pytest.mark.parametrize("pre, post, status, fetched", [
    (0, 0, 0, 1),
    (3, 0, 5, 0),
    (0, 4, 5, 1),
])
def test_around(account, run_fetchmail, top, pre, post, status, fetched):
    make, p, s = account
    note = top / "note"
    r = run_fetchmail(make(user=f'preconnect "echo pre >>{note}; exit {pre}" '
                           f'postconnect "echo post >>{note}; exit {post}"'))
    assert (r.returncode, len(s.messages)) == (status, fetched)
    assert note.read_text() == "pre\npost\n"
    for code, word in ((pre, "pre"), (post, "post")):
        text = f"{word}-connection command failed with status {code}\n"
        assert (text in r.stderr) == (code != 0)


@pytest.mark.parametrize("spec, status, fetched, says", [
    ("lo/127.0.0.1", 0, 1, ""),
    ("lo/127.9.9.9/255.0.0.0", 0, 1, ""),
    ("lo/127.0.0.2", 0, 0, "skipping poll of 127.0.0.1, lo/127.0.0.2 IP "
                           "address excluded"),
    ("nodev/1.2.3.4", 0, 0, "skipping poll of 127.0.0.1, nodev/1.2.3.4 down"),
    ("lo", 5, 0, "missing IP interface address"),
])
def test_interface(account, run_fetchmail, spec, status, fetched, says):
    make, p, s = account
    r = run_fetchmail(make(f'interface "{spec}"'))
    assert (r.returncode, len(s.messages)) == (status, fetched)
    assert says in r.stdout + r.stderr


@pytest.mark.ours
def test_monitor(account, start_fetchmail, pop3, top):
    """Who waits for a device without traffic is polled once."""
    make, p, s = account
    other = pop3()
    os.system("ip link add quiet type veth peer name quiet2")
    try:
        start_fetchmail(
            make("monitor quiet")
            + make(port=other.port),
            "-d", "1", "-N")
        until(lambda: other.sessions >= 3, "three rounds")
        assert p.sessions == 1
    finally:
        os.system("ip link del quiet")


@pytest.mark.ours
def test_principal(account, run_fetchmail):
    make, p, s = account
    r = run_fetchmail(make("principal x"))
    assert r.returncode == 5
    assert "option principal is not supported" in r.stderr
