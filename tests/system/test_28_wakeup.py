"""A second fetcher beside a daemon: what wakes it, and what is refused."""

import os
import signal

import pytest

from lib.mail import message
from lib.waiting import until

pytestmark = pytest.mark.ours


@pytest.fixture
def rc(pop3, sink, home, run_fetchmail):
    """The text of a daemon's rc file; the daemon runs."""
    p, s = pop3(messages=[message(1).replace(b"\n", b"\r\n")]), sink()
    pid = home / "pid"
    text = (f"set pidfile {pid}\npoll 127.0.0.1 proto pop3 port {p.port} "
            f"user user pass secret is u@example.com smtphost "
            f"127.0.0.1/{s.port}\n")
    assert run_fetchmail(text, "-d", "300", "-i", home / "ids").returncode == 0
    s.wait(1)
    yield text
    os.kill(int(pid.read_text().split()[0]), signal.SIGTERM)
    until(lambda: not pid.exists(), "its end")


def test_the_same_rc_file_wakes_it(rc, run_fetchmail, home):
    r = run_fetchmail(rc)  # with -f
    assert r.returncode == 0 and "awakened." in r.stderr
    r = run_fetchmail(rc, "-i", home / "ids")
    assert r.returncode == 0 and "awakened." in r.stderr


@pytest.mark.parametrize("more", [["-i", "/other"], ["-k"], ["-L", "/log"]])
def test_others_are_refused_and_shown(rc, run_fetchmail, more):
    r = run_fetchmail(rc, *more)
    assert r.returncode == 8
    head, *args = r.stderr.split("is running.\n")[1].splitlines()
    assert head == 'arg 1 = "-f"' and f'arg 3 = "{more[0]}"' in args


def test_another_rc_file_is_refused(rc, run_fetchmail, start_fetchmail, top):
    other = top / "other"
    other.write_text(rc)
    other.chmod(0o600)
    p = start_fetchmail(None, "-f", other)
    assert "can't accept options" in p.communicate(timeout=60)[1]
    assert p.returncode == 8
