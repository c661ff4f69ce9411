"""Unknown users and messages that are too large."""

import re

import pytest

from lib import maildir
from lib.fetchmail import PLAIN
from lib.mail import message, unstack
from lib.smtp import Client, send
from lib.waiting import until

UNKNOWN = ("550 5.1.1 <nobody@example.com>: Recipient address rejected: "
           "User unknown in virtual mailbox table")


@pytest.fixture
def host(vdeliver):
    return vdeliver({"message_size_limit": "5000"},
                    listen=["inet:127.0.0.1:25"]).start()


def rc(p, to, globals_=""):
    return (f'set postmaster postmaster@example.com\n{globals_}\n'
            f'poll pop.example.com via 127.0.0.11 proto pop3 port {p.port} '
            f'no dns user user pass secret is {to} here {PLAIN} fetchall '
            f'smtphost 127.0.0.1\n')


def pop_with(pop3, octets):
    return pop3(messages=[octets.replace(b"\n", b"\r\n")], host="127.0.0.11")


def test_unknown_user_is_refused_at_rcpt(host):
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        assert c.say("RCPT TO:<nobody@example.com>") == UNKNOWN
        assert c.say("RCPT TO:<virtualuser1@example.com>") == "250 2.1.5 Ok"
        assert c.say("DATA").startswith("354 ")
        c.body(message(1))
        assert re.fullmatch(r"250 2\.0\.0 Ok: queued as \w+", c.reply())
    until(lambda: len(host.new("test1")) == 1, "delivery")


def test_the_postmaster_gets_it_and_a_notice(host, pop3, run_fetchmail):
    p = pop_with(pop3, message("lost"))
    r = run_fetchmail(rc(p, "nobody@example.com", "set no bouncemail"))
    assert r.returncode == 0, r.stderr
    assert p.messages == []
    assert f"fetchmail: SMTP error: {UNKNOWN}" in r.stderr
    until(lambda: len(host.new("test1")) == 2, "mail and notice")
    maildir.check(host.maildir("test1"))
    mail = {b"multipart/report" in m: m for m in host.new("test1")}
    fields, rest = unstack(mail[False])
    assert fields["X_Original_To"] == "postmaster@example.com"
    assert fields["Delivered_To"] == "virtualuser1@example.com"
    assert b"\tfor <postmaster@example.com> (by default); " in rest
    notice(mail[True], "virtualuser1@example.com")


def test_the_sender_gets_the_notice(host, pop3, run_fetchmail):
    p = pop_with(pop3, message("lost", sender="virtualuser2@example.com"))
    r = run_fetchmail(rc(p, "nobody@example.com"))
    assert r.returncode == 0, r.stderr
    until(lambda: len(host.new("test1")) == 1, "mail to the postmaster")
    until(lambda: len(host.new("test2")) == 1, "notice to the sender")
    notice(host.new("test2")[0], "virtualuser2@example.com")


def notice(stored, to):
    """The fields of a delivery report."""
    fields, rest = unstack(stored)
    assert fields["Return_Path"] == "<>"
    assert fields["Delivered_To"] == to
    text = rest.decode()
    for line in (r"Subject: Mail delivery failed: returning message to sender",
                 r"From: Mail Delivery System "
                 r"<MAILER-DAEMON@fetchhost\.test\.example>",
                 r"MIME-Version: 1\.0",
                 r"Reporting-MTA: dns; fetchhost\.test\.example",
                 r"Final-Recipient: rfc822; nobody@example\.com",
                 r"Last-Attempt-Date: .*", r"Action: failed",
                 r"Status: 5\.1\.1", r"Diagnostic-Code: 550 5\.1\.1 .*",
                 r"Reason: Some addresses were rejected by the MDA fetchmail "
                 r"forwards to\.",
                 r"The following address\(es\) failed:",
                 r"nobody@example\.com", r"   SMTP error: 550 5\.1\.1 .*",
                 r"Subject: number lost"):
        assert re.search(f"^{line}$", text, re.M | re.I), (line, text)
    assert re.search(r"^Content-Type: multipart/report; "
                     r"report-type=delivery-status;\s+boundary=", text, re.M)
    for part in ("message/delivery-status", "text/rfc822-headers"):
        assert f"Content-Type: {part}" in text
    assert not re.search("^Hello", text, re.M)


def test_too_large_stays_on_the_server(host, pop3, run_fetchmail):
    p = pop_with(pop3, message("large", b"x" * 70 + b"\n" + b"y\n" * 4000))
    r = run_fetchmail(rc(p, "virtualuser1@example.com", "set no bouncemail"))
    assert r.returncode == 0
    assert "SMTP error: 552 5.3.4 " in r.stderr
    assert len(p.messages) == 1 and "DELE 1" not in p.seen
    assert host.new("test1") == []


def test_size_announced(host):
    with Client(host.where) as c:
        assert "SIZE 5000" in c.say("EHLO client.example")
        assert c.say("MAIL FROM:<s@remote.example> SIZE=5001") == \
            "552 5.3.4 Message size exceeds fixed limit"
        assert c.say("MAIL FROM:<s@remote.example> SIZE=5000") == \
            "250 2.1.0 Ok"


def test_size_not_announced(host):
    answer = send(host.where, "s@remote.example", "virtualuser1@example.com",
                  message(1, b"x" * 60 + b"\n" + b"y\n" * 4000))
    assert answer == "552 5.3.4 Error: message file too big"
    assert host.new("test1") == []


@pytest.mark.ours
def test_exactly_the_limit_is_accepted(host):
    def sized(octets):
        head = message(1)
        crlf = head.count(b"\n")
        return head + b"z" * (octets - len(head) - crlf - 2) + b"\n"

    assert send(host.where, "s@remote.example", "virtualuser1@example.com",
                sized(5000)).startswith("250 ")
    assert send(host.where, "s@remote.example", "virtualuser1@example.com",
                sized(5001)).startswith("552 5.3.4 ")
