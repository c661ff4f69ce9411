"""POP3 sessions, ETRN and ODMR: what a poll asks for, and what it remembers."""

import base64
import hmac

import pytest

from lib.imap import ImapServer
from lib.lines import Drop, LineServer
from lib.mail import message
from lib.waiting import until

pytestmark = pytest.mark.ours


def crlf(number):
    return message(number).replace(b"\n", b"\r\n")


def rc(p, s, options="", server=""):
    return (f"poll {p.host} proto pop3 port {p.port} {server} user user "
            f"pass secret is u@example.com here {options} "
            f"smtphost 127.0.0.1/{s.port}\n")


def count(p, verb):
    return sum(x.split(" ")[0] == verb for x in p.seen)


# --- POP3 -----------------------------------------------------------------------

def test_expunge_ends_a_session(pop3, sink, run_fetchmail):
    p, s = pop3(messages=[crlf(n) for n in range(5)]), sink()
    r = run_fetchmail(rc(p, s, "expunge 2"))
    assert r.returncode == 0, r.stderr
    assert p.messages == [] and len(s.messages) == 5 and p.sessions == 3
    assert r.stdout.count("fetchlimit 2 reached") == 2


@pytest.mark.parametrize("options", ["", "fetchall"])
def test_expunge_passes_refusals_once(pop3, sink, run_fetchmail, options):
    p = pop3(messages=[crlf(n) for n in range(5)])
    refusals = iter(["451 later", None, "451 later"])
    s = sink({"DATA": lambda: next(refusals, None)})
    assert run_fetchmail(rc(p, s, f"expunge 1 {options}")).returncode == 0
    assert p.messages == [crlf(0), crlf(2)] and len(s.messages) == 3
    assert count(p, "TOP") + count(p, "RETR") == 5


@pytest.mark.parametrize("end", ["drop", "-ERR not now"])
def test_what_was_delivered_is_only_deleted_later(pop3, sink, home,
                                                  run_fetchmail, end):
    def drop(line, arg):
        raise Drop

    p, s = pop3(messages=[crlf(1), crlf(2)]), sink()
    p.answers["QUIT"] = drop if end == "drop" else end
    r = run_fetchmail(rc(p, s))
    assert r.returncode == (2 if end == "drop" else 4)
    assert len(p.messages) == 2 and len(s.messages) == 2
    assert (home / ".fetchids").read_text().count("\n") == 2
    p.answers.clear()
    r = run_fetchmail(rc(p, s))
    assert r.returncode == 1, r.stderr
    assert "(delivered before) flushed" in r.stdout
    assert p.messages == [] and len(s.messages) == 2
    assert not (home / ".fetchids-delivered").exists()


def test_a_kill_between_acceptance_and_dele(pop3, sink, start_fetchmail,
                                            run_fetchmail, home):
    def known():
        """Messages that the journal has."""
        file = home / ".fetchids-journal"
        return (len([x for x in file.read_text().split("\n")
                     if " D user@127.0.0.1\tpop3:uid" in x])
                if file.exists() else 0)

    def kill(line, arg):
        assert known() != 0
        r.kill()
        r.wait()
        raise Drop

    p, s = pop3(messages=[crlf(1), crlf(2)]), sink()
    p.answers["DELE"] = kill
    # What its sink has accepted while we look away nobody knows.
    text = rc(p, s) + " sink-connections 1\n"
    r = start_fetchmail(text)
    r.wait(30)
    assert known() != 0
    p.answers.clear()
    run_fetchmail(text)
    assert p.messages == [] and len(s.messages) == 2
    assert not (home / ".fetchids-journal").exists()


@pytest.mark.parametrize("proto", ["pop3", "imap"])
def test_one_notice_per_message_and_code(pop3, closing, sink, run_fetchmail,
                                         proto):
    if proto == "pop3":
        p = pop3(messages=[crlf(1)])
    else:
        p = closing(ImapServer(messages=[crlf(1)]))
    code = [None]
    s = sink()

    def dot():
        last = [x for x in s.seen if x.startswith("MAIL")][-1]
        return None if last.startswith("MAIL FROM:<>") else code[0]

    s.answers["dot"] = dot
    text = rc(p, s).replace("pop3", proto)
    for code[0] in ("550 5.7.1 no", "550 5.7.1 no", "552 large", "550 no"):
        assert run_fetchmail(text).returncode == 0
    assert p.messages == [crlf(1)] and len(s.messages) == 2
    assert all(m["rcpt"] == ["friend@remote.example"] for m in s.messages)


@pytest.mark.parametrize("stage, polls", [("MAIL", 1), ("DATA", 1),
                                          ("dot", 2)])
def test_the_postmaster_before_mail_is_lost(pop3, sink, run_fetchmail, stage,
                                            polls):
    """At the dot the text is gone, and so it is the next poll that asks."""
    p, s = pop3(messages=[crlf(1)]), sink()

    def no():
        last = [x for x in s.seen if x.startswith(("MAIL", "RCPT"))][-1]
        return None if "<>" in last or "<pm@" in last else "550 5.7.1 no"

    s.answers[stage] = no
    text = ("set postmaster pm@example.com\nset no bouncemail\n"
            "set no softbounce\n" + rc(p, s))
    for left in range(polls, 0, -1):
        assert len(p.messages) == 1
        r = run_fetchmail(text)
        assert r.returncode == 0, r.stderr
        assert ("it stays on the server" in r.stderr) == (left > 1)
    assert p.messages == [] and len(s.messages) == 1
    m = s.messages[0]
    assert m["mail"] == "" and m["rcpt"] == ["pm@example.com"]
    assert b"for <pm@example.com> (by default)" in m["data"]


def test_a_postmaster_who_is_refused(pop3, sink, run_fetchmail):
    p, s = pop3(messages=[crlf(1)]), sink({"MAIL": "550 5.7.1 no"})
    text = ("set postmaster pm@example.com\nset no bouncemail\n"
            "set no softbounce\n" + rc(p, s))
    r = run_fetchmail(text)
    assert r.returncode == 0 and "can't even send to PM!" in r.stderr
    assert "it stays on the server" in r.stderr
    assert p.messages == [crlf(1)] and not s.messages


def test_half_a_message_is_not_delivered(pop3, sink, run_fetchmail):
    def half(line, arg):
        if arg.startswith("2"):
            line.raw(b"+OK\r\nA: b\r\n\r\nhalf\r\n")
            raise Drop

    p, s = pop3(messages=[crlf(1), crlf(2), crlf(3)]), sink()
    p.answers["TOP"] = p.answers["RETR"] = half
    assert run_fetchmail(rc(p, s)).returncode == 2
    assert len(s.messages) == 1 and len(p.messages) == 3
    p.answers.clear()
    assert run_fetchmail(rc(p, s)).returncode == 0
    assert len(s.messages) == 3 and p.messages == []


def test_a_refused_dele(pop3, sink, run_fetchmail):
    p, s = pop3(messages=[crlf(1), crlf(2)]), sink()
    p.answers["DELE"] = lambda line, arg: "-ERR no" if arg == "1" else None
    assert run_fetchmail(rc(p, s)).returncode == 4
    assert len(s.messages) == 2 and p.messages == [crlf(1)]


@pytest.mark.parametrize("option, lists", [("", 3), ("fetchsizelimit 0", 1)])
def test_fetchsizelimit(pop3, sink, run_fetchmail, option, lists):
    p, s = pop3(messages=[crlf(n) for n in range(3)]), sink()
    assert run_fetchmail(rc(p, s, option)).returncode == 0
    assert count(p, "LIST") == lists


def test_fastuidl(pop3, sink, run_fetchmail):
    p, s = pop3(messages=[crlf(n) for n in range(20)]), sink()
    keep = "keep fastuidl 1"
    assert run_fetchmail(rc(p, s, keep, "uidl")).returncode == 0
    p.messages.append(crlf(99))
    p.seen.clear()
    r = run_fetchmail(rc(p, s, keep, "uidl"))
    assert r.returncode == 0 and "21 messages (20 seen)" in r.stdout
    assert len(s.messages) == 21 and "UIDL" not in p.seen
    assert count(p, "UIDL") <= 6
    assert run_fetchmail(rc(p, s, keep, "uidl")).returncode == 1


def test_without_uidl_the_message_id_counts(pop3, sink, run_fetchmail):
    p = pop3(messages=[crlf(1), crlf(2)],
             answers={"UIDL": "-ERR", "LAST": "-ERR"})
    s = sink()
    assert run_fetchmail(rc(p, s, "keep")).returncode == 0
    assert run_fetchmail(rc(p, s, "keep")).returncode == 1
    assert len(s.messages) == 2


@pytest.mark.parametrize("answers", [
    {"STAT": "+OK -1 5"}, {"STAT": "+OK 99999999999999999999 5"},
    {"STAT": "+OK 4000001 5"}, {"CAPA": ["+OK"] + ["X"] * 1000},
    {"UIDL": ["+OK"] + ["9 x"] * 5000}, {"STAT": "nonsense"},
    {"LIST": "+OK 1 -7"}])
def test_nonsense(pop3, sink, run_fetchmail, answers):
    p, s = pop3(messages=[crlf(1)], answers=answers), sink()
    r = run_fetchmail(rc(p, s))
    assert r.returncode == 4, r.stderr
    assert "client/server protocol error while fetching" in r.stderr
    assert len(p.messages) == 1 and not s.messages


# --- ETRN ---------------------------------------------------------------------------

class Queue(LineServer):
    """An SMTP server that has mail for us: ETRN, and ATRN turned round."""

    def __init__(self, features=(), answers=None, mail=b"", **where):
        self.features, self.answers = features, dict(answers or {})
        self.mail, self.seen, self.said = mail, [], []
        super().__init__(**where)

    def _auth(self, line):
        line.send("334 " + base64.b64encode(b"<1@q>").decode())
        user, digest = base64.b64decode(line.read()).decode().split(" ")
        good = hmac.new(b"secret", b"<1@q>", "md5").hexdigest()
        return "235 ok" if (user, digest) == ("user", good) else "535 no"

    def _turn(self, line):
        """Now we are the client."""
        for say in ["", "EHLO q", "MAIL FROM:<a@b.test>",
                    "RCPT TO:<u@example.com>", "DATA", self.mail + b".",
                    "QUIT"]:
            if say:
                line.send(say)
            while True:
                text = line.read().decode()
                self.said.append(text)
                if text[3:4] != "-":
                    break
        raise Drop

    def talk(self, line):
        line.send("220 queue ESMTP")
        while True:
            text = line.read().decode()
            self.seen.append(text)
            verb = text.split(" ")[0]
            answer = self.answers.get(text, self.answers.get(verb))
            if answer:
                line.send(answer)
            elif verb == "EHLO":
                line.send(*(f"250-{x}" for x in ("queue", *self.features)),
                          "250 HELP")
            elif verb == "AUTH":
                line.send(self._auth(line))
            elif verb == "ATRN":
                line.send("250 now turning")
                self._turn(line)
            elif verb == "QUIT":
                line.send("221 bye")
                return
            else:
                line.send("250 ok")


@pytest.fixture
def queue(closing):
    return lambda *args, **kw: closing(Queue(*args, **kw))


@pytest.mark.parametrize("answer, status, text", [
    ("250 ok", 0, "Queuing for a.example started"),
    ("251 no", 0, "No messages waiting for a.example"),
    ("252 some", 0, "a.example"), ("253 2 messages", 0, "a.example"),
    ("458 no", 4, "Unable to queue messages for node a.example"),
    ("459 no", 3, "Node a.example not allowed: 459 no"),
    ("500 what", 4, "ETRN"), ("501 what", 4, "ETRN"), ("421 bye", 4, "ETRN")])
def test_etrn(queue, run_fetchmail, answer, status, text):
    q = queue(["ETRN"], {"ETRN a.example": answer})
    r = run_fetchmail(f"poll 127.0.0.1 proto etrn port {q.port} "
                      "fetchdomains a.example b.example\n")
    assert r.returncode == status, r.stderr
    assert text in r.stdout + r.stderr
    assert q.seen[1:] == ["ETRN a.example", "ETRN b.example", "QUIT"]


def test_etrn_is_not_offered(queue, run_fetchmail):
    q = queue()
    r = run_fetchmail(f"poll 127.0.0.1 proto etrn port {q.port}\n")
    assert r.returncode == 4
    assert "127.0.0.1's SMTP listener does not support ETRN" in r.stderr


@pytest.mark.parametrize("option", ["keep", "flush", "folder x"])
def test_etrn_knows_no_mailbox(run_fetchmail, option):
    r = run_fetchmail(f"poll 127.0.0.1 proto etrn user u {option}\n")
    assert r.returncode == 5 and "not supported with ETRN" in r.stderr


def test_a_misfit_stops_no_other(pop3, sink, run_fetchmail):
    p, s = pop3(messages=[crlf(1)]), sink()
    r = run_fetchmail("poll 127.0.0.1 proto etrn user u keep\n" + rc(p, s))
    assert r.returncode == 0 and len(s.messages) == 1
    assert "Option --keep is not supported with ETRN\n" in r.stderr
    assert "Query status=5 (SYNTAX)" in r.stdout


# --- ODMR ----------------------------------------------------------------------------

def odmr(q, s, password="secret"):
    return (f"poll 127.0.0.1 proto odmr port {q.port} user user "
            f"pass {password} fetchdomains a.example b.example "
            f"smtphost 127.0.0.1/{s.port}\n")


def test_odmr(queue, sink, run_fetchmail):
    q, s = queue(["AUTH CRAM-MD5", "ATRN"], mail=crlf(1)), sink()
    r = run_fetchmail(odmr(q, s))
    assert r.returncode == 0, r.stderr
    assert "ATRN a.example,b.example" in q.seen
    assert [m["data"] for m in s.messages] == [crlf(1)]
    assert q.said[-1].startswith("221")


@pytest.mark.parametrize("answer, status", [
    ("450 refused", 3), ("451 later", 14), ("453 no mail", 1), ("530 who", 3),
    ("502 what", 4)])
def test_odmr_refusals(queue, sink, run_fetchmail, answer, status):
    q, s = queue(["AUTH CRAM-MD5", "ATRN"], {"ATRN": answer}), sink()
    r = run_fetchmail(odmr(q, s))
    assert r.returncode == status, r.stderr
    assert answer in r.stderr and not s.messages


def test_odmr_wrong_password(queue, sink, run_fetchmail):
    q, s = queue(["AUTH CRAM-MD5", "ATRN"]), sink()
    assert run_fetchmail(odmr(q, s, "wrong")).returncode == 3
    assert not any(x.startswith("ATRN") for x in q.seen)
