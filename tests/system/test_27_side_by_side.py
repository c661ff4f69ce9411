"""The same rc files and mailboxes for the real fetchmail and for ours."""

import re
import subprocess

import pytest

from lib.daemon import BIN
from lib.fetchmail import environment, write_rc
from lib.imap import ImapServer
from lib.mail import message
from lib.pop3 import Pop3Server
from lib.smtp import SmtpSink

pytestmark = pytest.mark.ours

PROGRAMS = {"theirs": "/usr/bin/fetchmail", "ours": f"{BIN}/fetchmail"}
OURS_HOP = re.compile(rb"Received: from [^\n]*\n\tby fetchhost[^\n]*\n"
                      rb"\t[^\n]*\n")

MAILS = [message(1, extra=b"Delivered-To: bob@example.com\nStatus: O\n"),
         message(2, b".dot\nx" * 200, extra=b"Status:\n"),
         message(3, b"=41 =C3=A9\n",
                 extra=b"Content-Type: text/plain; charset=utf-8\n"
                       b"Content-Transfer-Encoding: quoted-printable\n"
                       b"Delivered-To: al@example.com\n")]

# What the rc file says of the server, of the user; what the listener answers.
CASES = {
    "plain": ("pop3", "", "", {}),
    "fetchall": ("pop3", "", "fetchall", {}),
    "keep": ("pop3", "", "keep", {}),
    "keep uidl": ("pop3", "uidl", "keep", {}),
    "keep fetchall": ("pop3", "", "keep fetchall", {}),
    "flush": ("pop3", "uidl", "flush", {}),
    "limit": ("pop3", "", "limit 600", {}),
    "limitflush": ("pop3", "", "limit 600 limitflush", {}),
    "fetchlimit": ("pop3", "", "fetchlimit 2", {}),
    "expunge": ("pop3", "", "expunge 1", {}),
    "envelope": ("pop3", 'envelope "Delivered-To" localdomains example.com',
                 "to * here", {}),
    "no envelope": ("pop3", "no envelope localdomains example.com",
                    "to * here", {}),
    "antispam": ("pop3", "", "antispam 571", {"MAIL": "571 spam"}),
    "later": ("pop3", "", "", {"RCPT": "451 later"}),
    "sender": ("pop3", "", "", {"MAIL": "553 not you"}),
    "mimedecode": ("pop3", "", "mimedecode", {}),
    "drop": ("pop3", "", "dropdelivered dropstatus", {}),
    "smtpaddress": ("pop3", "", "is bob here smtpaddress d.example", {}),
    "two users": ("pop3", "", "is a@example.com here user user pass "
                  "secret sslproto '' is b@example.com here", {}),
    "mda": ("pop3", "", "mda \"cat >>{dir}/mbox\"", {}),
    "bsmtp": ("pop3", "", "bsmtp {dir}/batch", {}),
    "lmtp": ("pop3", "", "lmtp", {}),
    "imap": ("imap", "", "", {}),
    "imap keep": ("imap", "", "keep", {}),
    "imap fetchall": ("imap", "", "fetchall", {}),
    "imap expunge": ("imap", "", "expunge 2", {}),
    "imap folders": ("imap", "", "folder INBOX", {}),
    "imap limit": ("imap", "", "limit 600", {}),
}


def seen(octets):
    return OURS_HOP.sub(b"", octets.replace(b"\r\n", b"\n"))


def play(program, case, path, closing):
    """All that two polls leave behind."""
    proto, server, user, answers = CASES[case]
    kind = Pop3Server if proto == "pop3" else ImapServer
    crlf = [m.replace(b"\n", b"\r\n") for m in MAILS]
    p = closing(kind(messages=crlf, answers={"LAST": "-ERR"}))
    s = closing(SmtpSink(answers))
    path.mkdir()
    known = "" if "is " in user or "to " in user else "is u@example.com here"
    rc = write_rc(path / "rc", (
        f"poll 127.0.0.1 proto {proto} port {p.port} {server} "
        f"user user pass secret sslproto '' {known} "
        f"{user.format(dir=path)} smtphost 127.0.0.1/{s.port}\n"))
    states, kept = [], []
    for _ in range(2):
        r = subprocess.run([PROGRAMS[program], "-f", str(rc)], timeout=60,
                           env=environment(path), capture_output=True)
        states.append(r.returncode)
        kept.append(list(p.messages))
    files = {name: seen((path / name).read_bytes())
             for name in ("mbox", "batch") if (path / name).exists()}
    ids = path / ".fetchids"
    return dict(
        states=states, kept=kept, files=files,
        ids=sorted(ids.read_text().splitlines()) if ids.exists() else [],
        mail=[(m["mail"], m["rcpt"], seen(m["data"])) for m in s.messages])


@pytest.mark.parametrize("case", CASES)
def test_the_same_comes_of_it(case, top, closing):
    theirs, ours = (play(x, case, top / x, closing) for x in PROGRAMS)
    for what in theirs:
        assert ours[what] == theirs[what], what
