"""What fetchmail says: syslog lines to the letter, dialogue without secrets."""

import re

from lib.fetchmail import PLAIN
from lib.mail import message

MAIL_INFO = 2 << 3 | 6


def octets(size):
    """A message of exactly this size, CRLF line ends."""
    head = message(1).replace(b"\n", b"\r\n")
    return head + b"x" * (size - len(head) - 2) + b"\r\n"


def rc(p, s, more=""):
    return (f'{more}\npoll example.com proto pop3 port {p.port} '
            f'user testmailuser pass topsecret is u@example.com here {PLAIN} '
            f'fetchall smtphost 127.0.0.1/{s.port}\n')


def test_the_two_syslog_lines(pop3, sink, syslog, run_fetchmail):
    p = pop3("testmailuser", "topsecret", [octets(993)], host="127.0.0.13")
    s = sink()
    r = run_fetchmail(rc(p, s, "set syslog"))
    assert r.returncode == 0 and r.stdout == ""
    lines = syslog.wait("reading message")
    assert len(lines) == 1
    i = syslog.lines.index(lines[0])
    assert re.fullmatch(r"fetchmail\[\d+\]: reading message testmailuser@"
                        r"example\.com:1 of 1 \(993 octets\) flushed",
                        lines[0])
    assert re.fullmatch(r"fetchmail\[\d+\]: 1 message for testmailuser at "
                        r"example\.com \(993 octets\)\.", syslog.lines[i - 1])
    assert syslog.priorities[i] == syslog.priorities[i - 1] == MAIL_INFO


def test_the_same_on_a_console(pop3, sink, run_fetchmail):
    p = pop3("testmailuser", "topsecret", [octets(993), octets(1200)],
             host="127.0.0.13")
    r = run_fetchmail(rc(p, sink()))
    assert r.stdout == (
        "2 messages for testmailuser at example.com (2193 octets).\n"
        "reading message testmailuser@example.com:1 of 2 (993 octets)"
        " flushed\n"
        "reading message testmailuser@example.com:2 of 2 (1200 octets)"
        " flushed\n")


def test_kept_messages_are_not_flushed(pop3, sink, run_fetchmail):
    p = pop3("testmailuser", "topsecret", [octets(993)], host="127.0.0.13")
    r = run_fetchmail(rc(p, sink()), "-k")
    assert r.stdout.endswith(":1 of 1 (993 octets) not flushed\n")


def test_no_mail(pop3, sink, run_fetchmail):
    p = pop3("testmailuser", "topsecret", host="127.0.0.13")
    r = run_fetchmail(rc(p, sink()))
    assert r.returncode == 1
    assert r.stdout == "fetchmail: No mail for testmailuser at example.com\n"


def test_dialogue_without_secrets(pop3, sink, run_fetchmail):
    p = pop3("testmailuser", "topsecret", [octets(993)], host="127.0.0.13")
    r = run_fetchmail(rc(p, sink()), "-v")
    said = r.stdout + r.stderr
    for line in ("POP3> CAPA", "POP3> USER testmailuser", "POP3> PASS *",
                 "POP3> STAT", "POP3> DELE 1", "POP3> QUIT",
                 "POP3< +OK ready", "SMTP> EHLO fetchhost.test.example",
                 "SMTP> MAIL FROM:<friend@remote.example> SIZE=993",
                 "SMTP> RCPT TO:<u@example.com>", "SMTP> DATA",
                 "SMTP>. (EOM)", "SMTP< 250 2.0.0 Ok: queued as SINK"):
        assert line in said, line
    assert "topsecret" not in said
    assert re.search(r"querying example\.com \(protocol POP3\) at .*: "
                     r"poll started", said)
    assert re.search(r"querying example\.com \(protocol POP3\) at .*: "
                     r"poll completed", said)
    assert "normal termination, status 0" in said
