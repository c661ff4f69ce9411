"""TLS towards listeners: smtphost host/port/starttls and /tls."""

import pytest

from lib.fetchmail import PLAIN
from lib.mail import message

pytestmark = pytest.mark.ours


@pytest.fixture
def fetch(pop3, run_fetchmail, ca):
    """fetch(entry with {port}, options): the run, with the test's CA."""

    def call(s, entry, more=""):
        p = pop3(messages=[message(1).replace(b"\n", b"\r\n")])
        r = run_fetchmail(
            f'poll 127.0.0.1 proto pop3 port {p.port} user user pass secret '
            f'is u@example.com here {PLAIN} fetchall {more} '
            f'smtphost {entry.format(port=s.port)}\n',
            SSL_CERT_FILE=ca.cert)
        return r, p

    return call


EHLO = "250-sink\r\n250 STARTTLS"


def test_starttls(fetch, sink, server_tls):
    s = sink({"EHLO": EHLO}, tls=server_tls("localhost"))
    r, p = fetch(s, "localhost/{port}/starttls")
    assert r.returncode == 0 and not p.messages
    assert s.seen[1] == "STARTTLS" and len(s.messages) == 1
    assert [x[:4] for x in s.seen[:4]] == ["EHLO", "STAR", "EHLO", "MAIL"]


def test_wrapped(fetch, sink, server_tls):
    s = sink(tls=server_tls("localhost"), wrapped=True)
    r, p = fetch(s, "localhost/{port}/tls")
    assert r.returncode == 0 and len(s.messages) == 1


@pytest.mark.parametrize("answers", [{}, {"EHLO": EHLO,
                                          "STARTTLS": "454 not now"}])
def test_no_starttls(fetch, sink, answers):
    """Nothing goes out in clear text where TLS is wanted."""
    s = sink(answers)
    r, p = fetch(s, "localhost/{port}/starttls")
    assert r.returncode == 10 and len(p.messages) == 1 and not s.messages
    assert "STARTTLS" in r.stderr
    assert not [x for x in s.seen if x.startswith("MAIL")]


def test_wrong_name(fetch, sink, server_tls):
    s = sink({"EHLO": EHLO}, tls=server_tls("other.example"))
    r, p = fetch(s, "localhost/{port}/starttls")
    assert r.returncode == 10 and len(p.messages) == 1 and not s.messages


def test_next_entry(fetch, sink):
    s = sink()
    r, p = fetch(s, "localhost/{port}/starttls localhost/{port}/notls")
    assert r.returncode == 0 and len(s.messages) == 1


def test_bad_entry(fetch, sink):
    s = sink()
    r, p = fetch(s, "localhost/{port}/startls")
    assert r.returncode == 5 and "smtphost localhost/" in r.stderr
