"""Who may read the rc file, where things lie, and only one run at a time."""

import os
import re
import threading

import pytest

from lib.fetchmail import PLAIN, write_rc
from lib.mail import message
from lib.waiting import until

ROOT = "fetchmail: WARNING: Running as root is discouraged.\n"
FETCHMAIL = 906


@pytest.fixture
def account(pop3, sink):
    """(rc text, POP3 server, sink) with one message waiting."""
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")])
    s = sink()
    return (f'poll 127.0.0.1 proto pop3 port {p.port} user user pass secret '
            f'is u@example.com here {PLAIN} fetchall '
            f'smtphost 127.0.0.1/{s.port}\n', p, s)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o601])
@pytest.mark.parametrize("uid", [0, FETCHMAIL], ids=["root", "user"])
def test_others_may_not_read_it(account, top, run_fetchmail, mode, uid):
    text, p, s = account
    rc = write_rc(top / "rc", text, mode, uid)
    r = run_fetchmail(None, "-f", rc, uid=uid)
    want = (f"File {rc} must have no more than -rwx------ (0700) "
            f"permissions.\n")
    assert r.stderr == (want if uid else ROOT + want)
    assert r.returncode == 6
    assert p.sessions == 0 and not s.messages


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o710])
def test_good_modes(account, top, run_fetchmail, mode):
    text, p, s = account
    rc = write_rc(top / "rc", text, mode, FETCHMAIL)
    r = run_fetchmail(None, "-f", rc, uid=FETCHMAIL)
    assert (r.returncode, r.stderr) == (0, "")
    assert len(s.messages) == 1


def test_somebody_elses(account, top, run_fetchmail):
    text, p, s = account
    rc = write_rc(top / "rc", text, 0o600, FETCHMAIL)
    r = run_fetchmail(None, "-f", rc)
    assert r.stderr == ROOT + f"File {rc} must be owned by you.\n"
    assert r.returncode == 6 and p.sessions == 0


def test_not_a_file(top, run_fetchmail):
    r = run_fetchmail(None, "-f", top)
    assert r.stderr == ROOT + f"File {top} must be a regular file.\n"
    assert r.returncode == 6


def test_fetchmailhome_moves_everything(account, top, run_fetchmail):
    text, p, s = account
    home = top / "elsewhere"
    home.mkdir(mode=0o700)
    os.chown(home, FETCHMAIL, FETCHMAIL)
    write_rc(home / "fetchmailrc", text, uid=FETCHMAIL)
    seen = []
    p.answers["STAT"] = lambda line, arg: seen.extend(os.listdir(home))
    r = run_fetchmail(None, "-k", uid=FETCHMAIL, FETCHMAILHOME=home)
    assert (r.returncode, r.stderr) == (0, "")
    assert "fetchmail.pid" in seen
    assert "fetchmail.pid" not in os.listdir(home)


def test_fetchmailhome_has_the_id_file(account, top, run_fetchmail):
    text, p, s = account
    home = top / "elsewhere"
    home.mkdir(mode=0o700)
    os.chown(home, FETCHMAIL, FETCHMAIL)
    write_rc(home / "fetchmailrc", text.replace("fetchall", "keep"),
             uid=FETCHMAIL)
    assert run_fetchmail(None, uid=FETCHMAIL,
                         FETCHMAILHOME=home).returncode == 0
    ids = (home / ".fetchids").read_text()
    assert re.fullmatch(r"user@127\.0\.0\.1 uid[0-9a-f]{8}\n", ids)
    assert run_fetchmail(None, uid=FETCHMAIL,
                         FETCHMAILHOME=home).returncode == 1
    assert len(s.messages) == 1


def test_home_of_the_user(account, home, run_fetchmail):
    text, p, s = account
    write_rc(home / ".fetchmailrc", text, uid=FETCHMAIL)
    seen = []
    p.answers["STAT"] = lambda line, arg: seen.extend(os.listdir(home))
    r = run_fetchmail(None, "--invisible", uid=FETCHMAIL)
    assert (r.returncode, r.stderr) == (0, "")
    assert ".fetchmail.pid" in seen
    assert b"fetchmail-" not in s.messages[0]["data"]


def test_second_run_is_refused(account, start_fetchmail, run_fetchmail):
    text, p, s = account
    at_stat, go_on = threading.Event(), threading.Event()

    def stat(line, arg):
        at_stat.set()
        go_on.wait(30)

    p.answers["STAT"] = stat
    first = start_fetchmail(text, uid=FETCHMAIL)
    assert at_stat.wait(20)
    second = run_fetchmail(text, uid=FETCHMAIL)
    assert second.returncode == 8
    assert second.stderr == (f"fetchmail: another foreground fetchmail is "
                             f"running at {first.pid}.\n")
    go_on.set()
    assert first.wait(20) == 0
    assert len(s.messages) == 1 and p.sessions == 1
    until(lambda: p.messages == [], "the message is deleted")
