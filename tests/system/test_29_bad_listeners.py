"""Listeners that do what no listener should: the message stays, once."""

import socket
import struct
import time

import pytest

from lib.lines import Drop, LineServer
from lib.mail import message

pytestmark = pytest.mark.ours

MAIL = message(1, to="u@example.com, v@example.com").replace(b"\n", b"\r\n")


class BadSink(LineServer):
    """SMTP or LMTP until a stage, where it does act(line)."""

    def __init__(self, stage, act, goes=False, **where):
        self.stage, self.act, self.taken = stage, act, 0
        self.goes = goes  # it goes on as if nothing had happened
        super().__init__(**where)

    def at(self, line, stage, usual):
        """Whether it went as usual."""
        if stage == self.stage and self.act(line):
            return False
        line.send(usual)
        return True

    def talk(self, line):
        self.at(line, "greeting", "220 bad")
        while True:
            verb = line.read()[:4].decode().upper()
            if verb == "DATA":
                if not self.at(line, "DATA", "354 go on") and not self.goes:
                    continue
                while line.read() != b".":
                    pass
                self.taken += self.at(line, "dot", "250 done") or self.goes
            elif verb == "QUIT":
                line.send("221 bye")
                raise Drop
            else:
                self.at(line, verb, "250 yes")


def endless(line):
    for _ in range(100000):
        line.raw(b"250-more and more and more\r\n")


def endless_line(line):
    for _ in range(3000):
        line.raw(b"250 " + b"x" * 65536)


def reset(line):
    line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
    line.sock.close()
    raise Drop


def hang_up(line):
    raise Drop


def says(*texts):
    def act(line):
        line.send(*texts)
        return True
    return act


STAGES = ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"]
ACTS = {"endless": endless, "line": endless_line, "reset": reset,
        "drop": hang_up, "nonsense": says("what?"), "nul": says(b"2\x0050 x"),
        "999": says("999 x"), "short": says("25"), "hundred": says("100 x")}


@pytest.fixture
def poll(pop3, closing, run_fetchmail):
    def call(stage, act, options="", goes=False):
        p = pop3(messages=[MAIL])
        s = closing(BadSink(stage, act, goes))
        start = time.monotonic()
        r = run_fetchmail(
            f"poll 127.0.0.1 proto pop3 port {p.port} user user pass secret "
            f"is u@example.com smtphost 127.0.0.1/{s.port} {options}\n")
        assert time.monotonic() - start < 30
        assert "killed by signal" not in r.stderr
        return r, p, s

    return call


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("act", ACTS)
def test_smtp(poll, stage, act):
    if (stage, act) == ("EHLO", "hundred"):
        return  # then there is HELO
    r, p, s = poll(stage, ACTS[act])
    assert p.messages == [MAIL], r.stderr
    # As in the contract: nobody to talk to is 10, a message that stays 0.
    want = (10,) if stage in ("greeting", "EHLO") else (0, 6)
    assert r.returncode in want, r.stderr
    assert len(r.stderr.splitlines()) >= 1 and len(r.stderr) < 20000


@pytest.mark.parametrize("stage, text, status, left", [
    ("greeting", "220", 0, 0), ("MAIL", "250", 0, 0), ("RCPT", "250", 0, 0),
    ("DATA", "354", 0, 0), ("dot", "250", 0, 0), ("dot", "451", 0, 1),
    ("MAIL", "550", 0, 1), ("DATA", "250", 0, 1)])
def test_bare_codes(poll, stage, text, status, left):
    r, p, s = poll(stage, says(text), goes=not left)
    assert r.returncode == status, r.stderr
    assert len(p.messages) == left and s.taken == 1 - left


def test_an_answer_before_the_dot(poll):
    """It is the answer to the dot: RFC 5321 knows no other."""
    r, p, s = poll("DATA", says("354 go", "451 later"), goes=True)
    assert p.messages == [MAIL], r.stderr


@pytest.mark.parametrize("answers", [[], ["250 a"], ["250 a", "451 b"],
                                     ["250 a", "250 b", "250 c"]])
def test_lmtp_answers(poll, answers):
    def act(line):
        line.send(*answers)
        if len(answers) < 2:
            raise Drop
        return True

    r, p, s = poll("dot", act, "to v@example.com here lmtp")
    whole = answers[:2] == ["250 a", "250 b"]
    assert p.messages == ([] if whole else [MAIL]), r.stderr


def test_silence(pop3, closing, run_fetchmail):
    """A listener has five minutes; the process that waits can be ended."""
    p = pop3(messages=[MAIL])
    s = closing(BadSink("MAIL", lambda line: line.read()))
    with pytest.raises(Exception):
        run_fetchmail(
            f"poll 127.0.0.1 proto pop3 port {p.port} timeout 1 user user "
            f"pass secret is u@example.com smtphost 127.0.0.1/{s.port}\n",
            seconds=4)
    assert p.messages == [MAIL]
