"""Mail from a daemon: what is too large, and logins that fail."""

import os
import signal

import pytest

from lib.fetchmail import PLAIN
from lib.mail import message
from lib.waiting import until


@pytest.fixture
def daemon(pop3, sink, run_fetchmail, top, home):
    """daemon(options, set lines, POP3 answers): its sink."""
    pids = []

    def call(options="", sets="", password="secret"):
        p = pop3(messages=[message(1).replace(b"\n", b"\r\n")])
        s = sink()
        r = run_fetchmail(
            f"{sets}\npoll 127.0.0.1 proto pop3 port {p.port} user user "
            f"pass {password} is u@example.com here {PLAIN} {options} "
            f"smtphost 127.0.0.1/{s.port}\n", "-d", "1")
        assert r.returncode == 0
        pids.append(int((home / ".fetchmail.pid").read_text().split()[0])
                    if (home / ".fetchmail.pid").exists() else
                    int(open("/var/run/fetchmail.pid").read().split()[0]))
        return s, p

    yield call
    for pid in pids:
        os.kill(pid, signal.SIGTERM)


def is_from_daemon(mail):
    return mail["mail"].upper().startswith("FETCHMAIL-DAEMON@")


@pytest.mark.ours
def test_too_large(daemon):
    s, p = daemon("limit 100")
    mail, = s.wait(1)
    assert is_from_daemon(mail) and mail["rcpt"] == ["u@example.com"]
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in mail["data"]
    assert b" octets, left on the server\r\n" in mail["data"]
    before = p.sessions
    until(lambda: p.sessions >= before + 3, "more rounds")
    assert len(s.messages) == 1  # an hour between two


@pytest.mark.ours
def test_login_fails(daemon):
    s, p = daemon(password="wrong")
    mail, = s.wait(1)
    assert p.sessions >= 3
    assert is_from_daemon(mail) and mail["rcpt"] == ["u@example.com"]
    assert b"refused the login 3 times" in mail["data"]


@pytest.mark.ours
def test_login_works_again(daemon):
    s, p = daemon(password="wrong")
    s.wait(1)
    p.password = "wrong"
    until(lambda: sum(map(is_from_daemon, s.messages)) == 2, "another mail")
    assert any(b"takes the login again" in m["data"] for m in s.messages)


@pytest.mark.ours
def test_login_fails_at_once(daemon):
    s, p = daemon(sets="set authfail-mail 1", password="wrong")
    assert b"refused the login 1 times" in s.wait(1)[0]["data"]


@pytest.mark.ours
def test_bad_number(run_fetchmail):
    r = run_fetchmail("set authfail-mail often poll a proto pop3 user u "
                      "pass x")
    assert r.returncode == 5 and "authfail-mail often" in r.stderr
