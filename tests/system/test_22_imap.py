"""IMAP: a real Dovecot, and servers that do what no server should."""

import pytest

from lib.imap import ImapServer
from lib.lines import Drop
from lib.mail import message
from lib.waiting import until

pytestmark = pytest.mark.ours

HOST = "pop.example.com"


def crlf(number, **kw):
    return message(number, **kw).replace(b"\n", b"\r\n")


def rc(s, options="", server="", host=HOST, user="user"):
    return (f"poll {host} proto imap {server} user {user} pass secret "
            f"is u@example.com here {options} smtphost 127.0.0.1/{s.port}\n")


@pytest.fixture
def imap(closing):
    return lambda *args, **kw: closing(
        ImapServer(*args, host="127.0.0.11", **kw))


@pytest.fixture
def box(dovecot):
    """A Dovecot with so many messages for user."""

    def make(count, tls=False, **kw):
        d = dovecot({"user": "secret"}, imap=True, tls=tls, **kw)
        for n in range(1, count + 1):
            d.deliver("user", message(n))
        return d

    return make


def subjects(s):
    return [next(x.split()[-1].decode() for x in m["data"].split(b"\r\n")
                 if x.startswith(b"Subject: number")) for m in s.messages]


# --- Dovecot ----------------------------------------------------------------

def test_plain(box, sink, run_fetchmail):
    d, s = box(3).start(), sink()
    r = run_fetchmail(rc(s))
    assert r.returncode == 0, r.stderr
    assert "3 messages for user at pop.example.com." in r.stdout
    assert "header octets) (8 body octets) flushed" in r.stdout
    assert subjects(s) == ["1", "2", "3"]
    assert b"with IMAP (fetchmail-" in s.messages[0]["data"]
    assert s.messages[0]["data"].endswith(b"\r\n\r\nHello.\r\n")
    d.settled("user", 0)
    assert run_fetchmail(rc(s)).returncode == 1


@pytest.mark.parametrize("options", ["", "ssl"])
def test_tls(box, sink, ca, run_fetchmail, options):
    d, s = box(1, tls=True).start(), sink()
    r = run_fetchmail(rc(s, options), SSL_CERT_FILE=ca.cert)
    assert r.returncode == 0, r.stderr
    assert len(s.messages) == 1
    d.settled("user", 0)


@pytest.mark.parametrize("options", ["sslproto tls1.2", "ssl"])
def test_unknown_ca(box, sink, run_fetchmail, options):
    d, s = box(1, tls=True).start(), sink()
    r = run_fetchmail(rc(s, options), SSL_CERT_FILE="/dev/null")
    assert r.returncode == 2
    assert len(d.messages("user")) == 1


def test_keep_marks_as_seen(box, sink, run_fetchmail):
    d, s = box(2).start(), sink()
    assert run_fetchmail(rc(s, "keep")).returncode == 0
    d.stop()
    assert d.flags("user") == ["S", "S"]
    d.start()
    r = run_fetchmail(rc(s, "keep"))
    assert r.returncode == 1 and "2 messages (2 seen)" in r.stdout
    r = run_fetchmail(rc(s, "keep fetchall"))
    assert r.returncode == 0 and len(s.messages) == 4
    r = run_fetchmail(rc(s, "keep flush"))
    assert r.stdout.count("flushed") == 2
    d.settled("user", 0)


def test_check_changes_nothing(box, sink, run_fetchmail):
    d, s = box(2).start(), sink()
    assert run_fetchmail(rc(s), "-c").returncode == 0
    assert not s.messages
    d.stop()
    assert len(d.messages("user")) == 2
    assert not any("S" in f for f in d.flags("user"))


def test_limits(box, sink, run_fetchmail):
    d, s = box(2), sink()
    d.deliver("user", message(3, body=b"x\n" * 5000))
    d.deliver("user", message(4))
    d.start()
    r = run_fetchmail(rc(s, "limit 5000 fetchlimit 2 expunge 0 "
                            "fetchsizelimit 1"))
    assert r.returncode == 13, r.stderr
    assert subjects(s) == ["1", "2"]
    d.settled("user", 2)
    r = run_fetchmail(rc(s, "limit 5000 limitflush batchlimit 1"))
    assert r.returncode == 0 and "(oversized) flushed" in r.stdout
    assert subjects(s) == ["1", "2", "4"]
    d.settled("user", 0)


def test_folders(box, sink, run_fetchmail):
    d, s = box(0), sink()
    for disk in ("Work", "B c", "Entw&APw-rfe"):
        d.folder("user", disk)
        d.deliver("user", message(len(disk)), folder="." + disk)
    d.start()
    r = run_fetchmail(rc(s, 'folder Work, "B c", "Entw\u00fcrfe"'
                         .encode().decode("utf-8")))
    assert r.returncode == 0, r.stderr + r.stdout
    assert "(folder Work)" in r.stdout and len(s.messages) == 3
    r = run_fetchmail(rc(s, "folder ../../etc, Work"))
    assert r.returncode == 7 and "mailbox selection failed" in r.stderr


def test_others_deleted_mail_stays(box, sink, run_fetchmail):
    """UID EXPUNGE takes what we have marked, and with keep nothing goes."""
    d, s = box(1), sink()
    d.deliver("user", message(2), flags="T")
    d.start()
    assert run_fetchmail(rc(s, "keep")).returncode == 0
    assert subjects(s) == ["1"]
    d.stop()
    assert d.flags("user") == ["S", "T"]


def test_large_and_odd_bodies(box, sink, run_fetchmail):
    d, s = box(0), sink()
    d.deliver("user", message(1, body=b".\n..\nA0009 OK\n)\n" * 50000))
    d.deliver("user", message(2, body=b"\xff\x80no end"))
    d.start()
    assert run_fetchmail(rc(s, "sink-connections 1")).returncode == 0
    assert s.messages[0]["data"].endswith(
        b"\r\n\r\n" + b".\r\n..\r\nA0009 OK\r\n)\r\n" * 50000)
    assert s.messages[1]["data"].endswith(b"\xff\x80no end\r\n")


def test_auto_goes_on_to_pop3(dovecot, sink, run_fetchmail):
    d, s = dovecot({"user": "secret"}), sink()
    d.deliver("user", message(1))
    d.start()
    r = run_fetchmail(rc(s).replace("proto imap", ""))
    assert r.returncode == 0, r.stderr
    d.settled("user", 0)


def test_auto_takes_imap(box, sink, run_fetchmail):
    d, s = box(1).start(), sink()
    assert run_fetchmail(rc(s).replace("proto imap", "")).returncode == 0
    assert b"with IMAP" in s.messages[0]["data"]


def test_idle(box, sink, start_fetchmail):
    d, s = box(1).start(), sink()
    start_fetchmail(rc(s, "idle"))
    until(lambda: len(s.messages) == 1, "the first message")
    d.deliver("user", message(2))
    until(lambda: len(s.messages) == 2, "the second one, in IDLE")
    d.settled("user", 0)


# --- servers that break --------------------------------------------------------

POINTS = ["CAPABILITY", "LOGIN", "SELECT", "EXPUNGE", "SEARCH", "FETCH",
          "UID FETCH", "UID STORE", "UID EXPUNGE"]


def drop(*_):
    raise Drop


@pytest.mark.parametrize("verb", POINTS)
@pytest.mark.parametrize("answer, status", [
    (drop, 2), ("* BYE shutting down", 2), ("A9999 OK", 4),
    ("* 1 FETCH (X {-5}", 4), ("* 1 FETCH (BODY[TEXT] {99999999999}", 4),
    ("+ go on", 4)])
def test_nothing_is_lost(imap, sink, run_fetchmail, verb, answer, status):
    p, s = imap(messages=[crlf(1), crlf(2)], answers={verb: answer}), sink()
    r = run_fetchmail(rc(s, server=f"port {p.port}"))
    assert r.returncode == status, r.stderr
    assert len(p.messages) == 2 and "error while fetching" in r.stderr
    before = len(s.messages)
    assert before == 2 * (verb in ("UID STORE", "UID EXPUNGE"))
    p.answers.clear()
    # What was delivered is deleted, and not delivered a second time.
    r = run_fetchmail(rc(s, server=f"port {p.port}"))
    assert r.returncode == (1 if before else 0), r.stderr
    assert sorted(subjects(s)) == ["1", "2"] and p.messages == []


@pytest.mark.parametrize("verb", POINTS)
def test_silence(imap, sink, run_fetchmail, verb):
    def wait(line, tag, arg):
        line.read()

    p, s = imap(messages=[crlf(1)], answers={verb: wait}), sink()
    r = run_fetchmail(rc(s, server=f"port {p.port} timeout 1"))
    assert r.returncode == 2 and len(p.messages) == 1
    assert "timeout after 1 seconds waiting for server" in r.stderr + r.stdout


def test_half_a_body(imap, sink, run_fetchmail):
    def half(line, tag, arg):
        if "TEXT" in arg:
            line.raw(b"* 1 FETCH (UID 1 BODY[TEXT] {100}\r\nHello.\r\n")
            raise Drop

    p, s = imap(messages=[crlf(1)], answers={"UID FETCH": half}), sink()
    assert run_fetchmail(rc(s, server=f"port {p.port}")).returncode == 2
    assert not s.messages and len(p.messages) == 1


def test_a_refused_message_does_not_hold_up_others(imap, sink, run_fetchmail):
    def no(line, tag, arg):
        return f"{tag} NO broken" if arg.startswith("1 BODY") else None

    p = imap(messages=[crlf(1), crlf(2)], answers={"UID FETCH": no})
    s = sink()
    assert run_fetchmail(rc(s, server=f"port {p.port}")).returncode == 0
    assert subjects(s) == ["2"] and len(p.messages) == 1
    assert run_fetchmail(rc(s, server=f"port {p.port}")).returncode == 7


def test_read_only(imap, sink, run_fetchmail):
    def select(line, tag, arg):
        line.send("* 1 EXISTS", "* OK [UIDVALIDITY 7] x")
        return f"{tag} OK [READ-ONLY] look, do not touch"

    p, s = imap(messages=[crlf(1)], answers={"SELECT": select}), sink()
    r = run_fetchmail(rc(s, server=f"port {p.port}"))
    assert r.returncode == 7 and "read-only" in r.stderr and not s.messages
    r = run_fetchmail(rc(s, "keep", server=f"port {p.port}"))
    assert r.returncode == 0 and len(s.messages) == 1
    r = run_fetchmail(rc(s, "keep", server=f"port {p.port}"))
    assert r.returncode == 1 and len(s.messages) == 1
    assert not any("STORE" in x for x in p.seen)


def test_words_before_tls_do_not_count(imap, sink, ca, server_tls,
                                       run_fetchmail):
    p = imap(messages=[crlf(1)], tls=server_tls(HOST))
    s = sink()

    def inject(line, tag, arg):
        line.raw(f"{tag} OK\r\n* BYE injected\r\n".encode())
        line.start_tls(p.tls)
        return []

    p.answers["STARTTLS"] = inject
    r = run_fetchmail(rc(s, server=f"port {p.port}"), SSL_CERT_FILE=ca.cert)
    assert r.returncode == 0 and "injected" not in r.stderr, r.stderr
    assert p.seen.count("CAPABILITY") == 2


@pytest.mark.parametrize("answers", [
    {"greeting": "* PREAUTH hi"}, {"STARTTLS": "{tag} NO"}, {}])
def test_no_password_without_tls(imap, sink, run_fetchmail, answers):
    p, s = imap(messages=[crlf(1)], answers=answers), sink()
    r = run_fetchmail(rc(s, "sslproto tls1.2", server=f"port {p.port}"))
    assert r.returncode == 2
    assert not any("LOGIN" in x or "SELECT" in x for x in p.seen)


def test_a_million_messages(imap, sink, run_fetchmail):
    """All are counted, the new one is found, and memory stays small."""
    def select(line, tag, arg):
        line.send("* 1000000 EXISTS")
        return f"{tag} OK"

    def search(line, tag, arg):
        line.send("* SEARCH 1", f"{tag} OK")
        return []

    p = imap(messages=[crlf(1)], answers={"SELECT": select, "SEARCH": search})
    s = sink()
    r = run_fetchmail(rc(s, "keep", server=f"port {p.port}"))
    assert r.returncode == 0, r.stderr
    assert "1000000 messages (999999 seen)" in r.stdout
    assert len(s.messages) == 1
