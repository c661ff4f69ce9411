"""Ways to log in: tokens, SCRAM, PLAIN; Dovecot, and what others say."""

import base64
import json

import pytest

from lib.imap import ImapServer
from lib.mail import message

pytestmark = pytest.mark.ours

TEXT = message(1).replace(b"\n", b"\r\n")
MECHS = ("plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer "
         "xoauth2")


def rc(s, proto, auth, secret='password secret', more=""):
    return (f"poll pop.example.com proto {proto} auth {auth} {more} "
            f"user user {secret} is u@example.com here "
            f"smtphost 127.0.0.1/{s.port}\n")


@pytest.fixture
def box(dovecot):
    def make(mechs=MECHS, **kw):
        d = dovecot({"user": "secret"}, imap=True, mechs=mechs, **kw)
        d.deliver("user", message(1))
        return d.start()

    return make


@pytest.mark.parametrize("proto", ["pop3", "imap"])
@pytest.mark.parametrize("auth", ["scram-sha-256", "scram-sha-1", "cram-md5",
                                  "plain", "login", "any"])
def test_dovecot(box, sink, run_fetchmail, proto, auth):
    d, s = box(), sink()
    r = run_fetchmail(rc(s, proto, auth), "-v")
    assert r.returncode == 0, r.stderr + d.log()
    name = "SCRAM-SHA-256" if auth == "any" else auth.upper()
    assert f" {name}" in r.stdout + r.stderr
    assert len(s.messages) == 1
    d.settled("user", 0)
    for shown in (b"secret", b"\0user\0secret"):
        assert base64.b64encode(shown).decode() not in r.stdout


@pytest.mark.parametrize("proto", ["pop3", "imap"])
def test_wrong_password(box, sink, run_fetchmail, proto):
    box()
    s = sink()
    for auth in ("scram-sha-256", "plain", "any"):
        r = run_fetchmail(rc(s, proto, auth, "password wrong"))
        assert r.returncode == 3, r.stderr
    r = run_fetchmail(rc(s, proto, "external"))
    assert r.returncode == 3 and "does not offer EXTERNAL" in r.stderr


@pytest.mark.parametrize("proto", ["pop3", "imap"])
@pytest.mark.parametrize("auth", ["oauthbearer", "xoauth2"])
def test_token(box, sink, run_fetchmail, proto, auth):
    d, s = box(), sink()
    token = d.token("user")
    r = run_fetchmail(rc(s, proto, auth, f"passwordeval 'echo {token}'"), "-v")
    assert r.returncode == 0, r.stderr + d.log()
    assert token not in r.stdout + r.stderr
    assert len(s.messages) == 1


@pytest.mark.parametrize("proto", ["pop3", "imap"])
@pytest.mark.parametrize("auth", ["oauthbearer", "xoauth2"])
def test_fresh_token(box, sink, home, run_fetchmail, proto, auth):
    """The first one has expired; the command makes another."""
    d, s = box(), sink()
    (home / "one").write_text(d.token("user", -10))
    (home / "two").write_text(d.token("user"))
    command = f"cat {home}/one; cp {home}/two {home}/one"
    r = run_fetchmail(rc(s, proto, auth, f"passwordeval '{command}'"))
    assert r.returncode == 0, r.stderr + d.log()
    assert "once more, with a fresh token" in r.stdout
    assert len(s.messages) == 1


@pytest.mark.parametrize("proto", ["pop3", "imap"])
@pytest.mark.parametrize("auth", ["oauthbearer", "xoauth2"])
def test_refused_token(box, sink, home, run_fetchmail, proto, auth):
    """The same token again is not sent again; the reason is in words."""
    d, s = box(), sink()
    (home / "one").write_text(d.token("user", -10))
    command = f"cat {home}/one; echo >>{home}/count"
    r = run_fetchmail(rc(s, proto, auth, f"passwordeval '{command}'"))
    assert r.returncode == 3
    assert "the token is not valid, or has expired" in r.stderr, r.stderr
    assert "once more" not in r.stdout
    assert (home / "count").read_text() == "\n\n"


def test_microsoft(pop3, sink, run_fetchmail):
    """AUTH XOAUTH2 alone in its line; what follows the "+" is the rest."""
    got = []

    def auth(line, arg):
        if arg != "XOAUTH2":
            return "-ERR Protocol error. Connection is closed. 10"
        line.send("+ ")
        got.append(base64.b64decode(line.read()))
        return "+OK"

    p = pop3(messages=[TEXT], answers={
        "CAPA": ["+OK", "SASL PLAIN XOAUTH2", "UIDL", "TOP", "."],
        "AUTH": auth})
    s = sink()
    r = run_fetchmail(rc(s, "pop3", "xoauth2", "password a-token",
                         f"via 127.0.0.1 port {p.port}"))
    assert r.returncode == 0, r.stderr
    assert got == [b"user=user\1auth=Bearer a-token\1\1"]
    assert len(s.messages) == 1


@pytest.mark.parametrize("reason, words", [
    ({"status": "400", "schemes": "Bearer", "scope": "x"},
     "not valid for this user"),
    ({"schemes": "x", "status": "401"}, "has expired"),
    ({"status": "odd \u00e9"}, 'the server says odd'),
    ("\x1b[31m no JSON", "the server says ?[31m no JSON"),
    ({"status": {}}, "the server says"),
    ("{\"status\":", "the server says"),
    ("{\"status\" : \"in", "the server says in"),
])
def test_reason(closing, sink, run_fetchmail, reason, words):
    text = reason if isinstance(reason, str) else json.dumps(
        reason, ensure_ascii=False)
    last = []

    def auth(line, tag, arg):
        line.send("+ " + base64.b64encode(text.encode()).decode())
        last.append(line.read())
        return f"{tag} NO SASL authentication failed"

    i = closing(ImapServer(messages=[TEXT], answers={"AUTHENTICATE": auth},
                           capa="IMAP4rev1 SASL-IR AUTH=XOAUTH2"))
    s = sink()
    r = run_fetchmail(rc(s, "imap", "xoauth2", "password a-token",
                         f"via 127.0.0.1 port {i.port}"))
    assert r.returncode == 3 and words in r.stderr, r.stderr
    assert "SASL authentication failed" in r.stderr
    assert last == [b""] and "\x1b" not in r.stderr


def test_server_that_knows_no_password(closing, sink, run_fetchmail):
    """With SCRAM it must prove that it does."""
    def auth(line, tag, arg):
        return f"{tag} OK come in"

    i = closing(ImapServer(messages=[TEXT], answers={"AUTHENTICATE": auth},
                           capa="IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256"))
    s = sink()
    r = run_fetchmail(rc(s, "imap", "any",
                         more=f"via 127.0.0.1 port {i.port}"))
    assert r.returncode == 4 and "has not proven" in r.stderr
    assert not any(x.startswith("LOGIN") for x in i.seen)
