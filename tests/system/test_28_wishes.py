"""What users have asked for: TLS in one word, folders, days, moves."""

import ast
import os
import pty
import subprocess
import time

import pytest

from lib import fetchmail as fm
from lib.imap import ImapServer
from lib.lines import Drop
from lib.mail import message

pytestmark = pytest.mark.ours

DAY = 86400


def crlf(n):
    return message(n).replace(b"\n", b"\r\n")


def rc(s, proto="imap", options="", server="", first=""):
    return (f"{first}\npoll pop.example.com proto {proto} {server} user user "
            f"pass secret is u@example.com here {options} "
            f"smtphost 127.0.0.1/{s.port}\n")


@pytest.fixture
def box(dovecot):
    def make(count, tls=False, **kw):
        d = dovecot({"user": "secret"}, imap=True, tls=tls, **kw)
        for n in range(1, count + 1):
            d.deliver("user", message(n))
        return d

    return make


@pytest.fixture
def imap(closing):
    return lambda *args, **kw: closing(
        ImapServer(*args, host="127.0.0.11", **kw))


# --- tls ---------------------------------------------------------------------

@pytest.mark.parametrize("word, tls, status", [
    ("required", True, 0), ("required", False, 2),
    ("optional", True, 0), ("optional", False, 0),
    ("none", True, 0), ("none", False, 0),
    ("implicit", True, 0), ("implicit", False, 2)])
@pytest.mark.parametrize("proto", ["pop3", "imap"])
def test_tls(box, sink, ca, run_fetchmail, proto, word, tls, status):
    box(1, tls=tls).start()
    s = sink()
    r = run_fetchmail(rc(s, proto, f"tls {word}"), "-v",
                      SSL_CERT_FILE=ca.cert)
    assert r.returncode == status, r.stderr
    verb = "POP3> STLS" if proto == "pop3" else "IMAP> A0002 STARTTLS"
    assert (verb in r.stdout) == (
        word == "required" and tls or word == "optional" and tls)


def test_tls_wins(sink, run_fetchmail):
    s = sink()
    r = run_fetchmail(rc(s, options="ssl sslproto '' tls required"), "-V")
    assert "no ssl\n" in r.stdout and 'sslproto "auto"' in r.stdout
    r = run_fetchmail(rc(s, options="tls maybe"), "-V")
    assert r.returncode == 5


@pytest.mark.parametrize("options, words", [
    ("tls none", ["There is no TLS", "because of: tls none",
                  "travels in clear text"]),
    ("tls required", ["must offer STARTTLS", "because of: tls required",
                      "status 2, before the password"]),
    ("ssl sslfingerprint ab", ["port 993", "because of: ssl",
                               "fingerprint must be ab"]),
    ("", ["because of: sslcertck", "TLS 1.2 or later", "Log in by SCRAM"]),
    ("no sslcertck", ["if the server offers", "anybody may be at"]),
    ("sslproto tls1.3", ["version: tls1.3", "because of: sslproto."]),
])
def test_explain_tls(sink, run_fetchmail, options, words):
    s = sink()
    r = run_fetchmail(rc(s, options=options), "--explain-tls")
    assert r.returncode == 0, r.stderr
    for w in words:
        assert w in r.stdout, r.stdout


# --- folders -------------------------------------------------------------------

def test_patterns(box, sink, run_fetchmail):
    d, s = box(1), sink()
    for n, disk in enumerate(("Work", "B c", "Entw&APw-rfe", "Trash"), 2):
        d.folder("user", disk)
        d.deliver("user", message(n), folder="." + disk)
    d.start()
    r = run_fetchmail(rc(s, options='folder * "!Tr*"'))
    assert r.returncode == 0, r.stderr
    assert len(s.messages) == 4
    assert len(d.messages("user", ".Trash")) == 1
    d.stop()
    d.folder("user", "Later")
    d.deliver("user", message(9), folder=".Later")
    d.start()
    assert run_fetchmail(rc(s, options='folder "*" "!Trash"')).returncode == 0
    assert len(s.messages) == 5


def test_list_answers(imap, sink, run_fetchmail):
    """Literals, bare words, names that cannot be selected, that are gone."""
    def select(line, tag, arg):
        return f"{tag} NO it is gone" if "gone" in arg else None

    i = imap(messages=[crlf(1)], answers={
        "SELECT": select,
        "LIST": ['* LIST (\\Noselect) "/" top', '* LIST () NIL gone',
                 '* LIST (\\X) "/" {3}', 'a"b', '* LIST () "/" "c d"',
                 "A0003 OK"]})
    s = sink()
    r = run_fetchmail(rc(s, options="folder *",
                         server=f"via 127.0.0.11 port {i.port}"))
    assert r.returncode == 0, r.stderr
    chosen = [x for x in i.seen if x.startswith("SELECT")]
    assert chosen == ['SELECT "gone"', 'SELECT "a\\"b"', 'SELECT "c d"']
    assert "it is gone" in r.stderr


@pytest.mark.parametrize("capa", ["UIDPLUS MOVE", "UIDPLUS", ""])
def test_move(imap, sink, run_fetchmail, capa):
    def copy(line, tag, arg):
        copied.append(arg)
        if len(copied) == 1:
            return f"{tag} NO [TRYCREATE] there is none"
        return f"{tag} OK"

    copied = []
    i = imap(messages=[crlf(1)], capa="IMAP4rev1 " + capa,
             answers={"UID MOVE": copy, "UID COPY": copy})
    s = sink()
    r = run_fetchmail(rc(s, options="move Done",
                         server=f"via 127.0.0.11 port {i.port}"))
    assert r.returncode == 0, r.stderr + r.stdout
    assert copied == ['1 "Done"'] * 2 and 'CREATE "Done"' in i.seen
    gone = [x for x in i.seen if "EXPUNGE" in x or "STORE" in x]
    assert len(gone) == (0 if "MOVE" in capa else 2)


def test_move_dovecot(box, sink, run_fetchmail):
    d, s = box(2).start(), sink()
    r = run_fetchmail(rc(s, options="folder * move Done"))
    assert r.returncode == 0, r.stderr
    d.settled("user", 0)
    assert len(d.messages("user", ".Done")) == 2
    assert run_fetchmail(rc(s, options="folder * move Done")).returncode == 1
    for options in ("move INBOX", "folder Done move Done", "keep move x"):
        assert run_fetchmail(rc(s, options=options)).returncode == 5
    assert run_fetchmail(rc(s, "pop3", options="move x")).returncode == 5


# --- what stays ------------------------------------------------------------------

def age(home, days):
    """Let everything have been fetched so many days earlier."""
    path = home / ".fetchids-kept"
    lines = path.read_text().split("\n")
    assert lines[0] == "# fetcher: messages that stay, 1"
    path.write_text("\n".join(
        [lines[0]] + [f"{int(x.split()[0]) - days * DAY} "
                      + x.partition(" ")[2] for x in lines[1:] if x]) + "\n")


@pytest.mark.parametrize("proto", ["pop3", "imap"])
def test_keep_days(box, sink, home, run_fetchmail, proto):
    d, s = box(2).start(), sink()
    text = rc(s, proto, "keep 5 days")
    assert run_fetchmail(text).returncode == 0
    assert run_fetchmail(text).returncode == 1
    age(home, 4)
    assert run_fetchmail(text).returncode == 1
    assert len(d.messages("user")) == 2
    age(home, 2)
    r = run_fetchmail(text)
    assert "(kept for 5 days) flushed" in r.stdout, r.stderr
    d.settled("user", 0)
    assert run_fetchmail(text).returncode == 1
    assert len(s.messages) == 2


def test_keep_days_is_of_ours_only(box, sink, home, run_fetchmail):
    """IMAP: what somebody else has read was never fetched, and stays."""
    d, s = box(0), sink()
    d.deliver("user", message(1), flags="S")
    d.deliver("user", message(2))
    d.start()
    text = rc(s, options="keep 1 day")
    assert run_fetchmail(text).returncode == 0
    age(home, 3)
    run_fetchmail(text)
    d.settled("user", 1)


def test_state_of_another_version(box, sink, home, run_fetchmail):
    d, s = box(1).start(), sink()
    (home / ".fetchids-kept").write_text("# fetcher: messages that stay, 2\n")
    (home / ".fetchids-kept").chmod(0o600)
    r = run_fetchmail(rc(s, options="keep 1 day"))
    assert r.returncode == 6 and "does not know" in r.stderr
    assert len(d.messages("user")) == 1 and not s.messages


def test_track_uid(box, sink, home, run_fetchmail):
    d, s = box(1), sink()
    d.deliver("user", message(2), flags="S")
    d.start()
    text = rc(s, options="keep track uid")
    assert run_fetchmail(text, "-c").returncode == 0
    r = run_fetchmail(text, "-v")
    assert r.returncode == 0 and "UID STORE" not in r.stdout
    assert len(s.messages) == 2
    assert run_fetchmail(text).returncode == 1
    assert run_fetchmail(text, "-c").returncode == 1
    d.stop()
    assert d.flags("user") == ["", "S"]
    d.deliver("user", message(3), flags="S")
    d.start()
    assert run_fetchmail(text).returncode == 0
    assert len(s.messages) == 3


# --- what cannot be had -----------------------------------------------------------

@pytest.mark.parametrize("word, count", [("abort", 0), ("continue", 1),
                                         ("markseen", 1)])
def test_retrieve_error(imap, sink, run_fetchmail, word, count):
    def fetch(line, tag, arg):
        return f"{tag} NO broken" if arg.startswith("1 RFC822.HEAD") else None

    i = imap(messages=[crlf(1), crlf(2)], answers={"UID FETCH": fetch})
    s = sink()
    r = run_fetchmail(rc(s, options=f"retrieve-error {word}",
                         server=f"via 127.0.0.11 port {i.port}"))
    assert r.returncode == (7 if word == "abort" else 0), r.stderr
    assert len(s.messages) == count
    seen = [u for u, _, flags in i.box if "\\Seen" in flags]
    assert seen == ([1] if word == "markseen" else [])


def test_retrieve_error_pop3(pop3, sink, run_fetchmail):
    def refuse(line, arg):
        return "-ERR broken" if arg.split()[0] == "1" else None

    p = pop3(messages=[crlf(1), crlf(2)],
             answers={"TOP": refuse, "RETR": refuse})
    s = sink()
    text = rc(s, "pop3", "keep retrieve-error markseen",
              f"uidl via 127.0.0.1 port {p.port}")
    assert run_fetchmail(text).returncode == 0
    r = run_fetchmail(text)
    assert r.returncode == 1 and "(2 seen)" in r.stdout


def test_nomail_status(box, sink, run_fetchmail):
    box(0).start()
    s = sink()
    assert run_fetchmail(rc(s)).returncode == 1
    assert run_fetchmail(rc(s, first="set nomail-status 0")).returncode == 0
    assert run_fetchmail(rc(s, first="set nomail-status 7")).returncode == 5


def test_broken_message_comes_last(pop3, sink, home, run_fetchmail):
    """After three polls; and when it comes at last nothing is remembered."""
    broken = [True]

    def top(line, arg):
        if broken[0] and arg.split()[0] == "1":
            line.send("+OK", "Subject: number 1", "", "half")
            raise Drop
        return None

    p = pop3(messages=[crlf(1), crlf(2)], answers={"TOP": top, "RETR": top})
    s = sink()
    text = rc(s, "pop3", server=f"via 127.0.0.1 port {p.port}")
    for _ in range(3):
        assert run_fetchmail(text).returncode == 2
    assert not s.messages
    r = run_fetchmail(text)
    assert r.returncode == 2 and "in 3 polls; it is tried last" in r.stderr
    assert len(s.messages) == 1
    assert "broken:pop3:" in (home / ".fetchids-kept").read_text()
    broken[0] = False
    assert run_fetchmail(text).returncode == 0
    assert len(s.messages) == 2 and not p.messages
    assert not (home / ".fetchids-kept").exists()


# --- progress ------------------------------------------------------------------------

def slow(line, arg):
    """A message that takes four seconds."""
    line.send("+OK", "Subject: number 1", "")
    for _ in range(8):
        line.send("x" * 100)
        time.sleep(0.5)
    return "."


@pytest.mark.parametrize("args, terminal, shown", [
    ([], True, True), (["-s"], True, False), (["-v"], True, False),
    ([], False, False)])
def test_progress(pop3, sink, home, top, args, terminal, shown):
    p = pop3(messages=[crlf(1)], answers={"TOP": slow})
    s = sink()
    path = fm.write_rc(top / "fetchmailrc", rc(
        s, "pop3", server=f"via 127.0.0.1 port {p.port}"))
    how = fm.command(["-f", path, *args], home)
    if not terminal:
        r = subprocess.run(timeout=30, **how)
        assert r.returncode == 0 and "\r" not in r.stdout + r.stderr
        return
    master, slave = pty.openpty()
    for name in ("text", "encoding"):
        del how[name]
    how.update(stdout=slave, stderr=slave)
    r = subprocess.run(timeout=30, **how)
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    assert r.returncode == 0, text
    assert ("0 of 1 message," in text and "B/s" in text) == shown, text


def test_quote(run_fetchmail, start_fetchmail, home, sink):
    how = fm.command(["--quote"], home)
    for text in ('a b', '"\\\'#;\t', "k\u00e4se"):
        how.update(stdin=None, encoding="utf-8")
        r = subprocess.run(input=text + "\n", timeout=30,
                           **{k: v for k, v in how.items() if k != "stdin"})
        assert r.returncode == 0
        s = sink()
        out = run_fetchmail(
            rc(s).replace("pass secret", "pass " + r.stdout.strip()),
            "--configdump")
        assert out.returncode == 0, out.stderr
        value = next(x for x in out.stdout.split("\n")
                     if '"password"' in x).partition(":")[2].rstrip(",")
        assert ast.literal_eval(value) == text or \
            ast.literal_eval(value).encode("latin-1").decode() == text
