"""Messages asked for before their turn, and several connections to the sink."""

import threading

import pytest

from lib.imap import ImapServer
from lib.lines import Drop
from lib.mail import message
from lib.pop3 import Pop3Server
from lib.smtp import SmtpSink
from lib.waiting import until

pytestmark = pytest.mark.ours


def crlf(number):
    return message(number).replace(b"\n", b"\r\n")


class Pipelining(Pop3Server):
    def _capa(self):
        yield from list(super()._capa())[:-1]
        yield from ("PIPELINING", ".")


class Turns(SmtpSink):
    """The answers to the dot wait; release(i) gives the ith message's."""

    def __init__(self, **where):
        self.gates, self.codes, self.lock = [], {}, threading.Lock()
        super().__init__({"dot": self.wait_turn}, **where)

    def wait_turn(self):
        with self.lock:
            number, gate = len(self.gates), threading.Event()
            self.gates.append(gate)
        gate.wait(20)
        code = self.codes.get(number, "250 yes")
        if code is None:
            raise Drop
        return code

    def release(self, number, code="250 yes"):
        self.codes[number] = code
        self.gates[number].set()


def rc(p, s, options=""):
    return (f"poll {p.host} proto pop3 port {p.port} user user pass secret "
            f"is u@example.com here {options} smtphost 127.0.0.1/{s.port}\n")


@pytest.fixture
def pipelining(closing):
    return lambda n, **kw: closing(Pipelining(
        messages=[crlf(i) for i in range(n)], **kw))


def deleted(p):
    return [int(x.split()[1]) for x in p.seen if x.startswith("DELE")]


def texts(p):
    return [int(x.split()[1]) for x in p.seen
            if x.split()[0] in ("RETR", "TOP")]


def test_all_arrive_once(pipelining, sink, run_fetchmail):
    p, s = pipelining(200), sink()
    r = run_fetchmail(rc(p, s))
    assert r.returncode == 0, r.stderr
    assert p.messages == [] and len(s.messages) == 200
    assert texts(p) == list(range(1, 201))
    assert r.stdout.count("flushed") == 200
    lines = [x for x in r.stdout.splitlines() if x.startswith("reading")]
    assert [int(x.split(":")[1].split()[0]) for x in lines] == texts(p)


def test_window(pipelining, start_fetchmail, closing):
    """After the first one 64 more are asked for, and no more."""
    p, s = pipelining(100), closing(Turns())
    f = start_fetchmail(rc(p, s, "sink-connections 1"))
    until(lambda: len(s.gates) == 1, "the first message")
    assert texts(p) == [1]
    s.release(0)
    until(lambda: len(s.gates) == 2, "the second message")
    assert texts(p) == list(range(1, 66)) and deleted(p) == [1]
    f.kill()


def test_one_at_a_time_without_the_capability(pop3, closing, start_fetchmail):
    p, s = pop3(messages=[crlf(i) for i in range(5)]), closing(Turns())
    f = start_fetchmail(rc(p, s, "sink-connections 1"))
    for i in range(3):
        until(lambda: len(s.gates) == i + 1, "a message")
        assert texts(p) == list(range(1, i + 2))
        assert deleted(p) == list(range(1, i + 1))
        s.release(i)
    f.kill()


def test_answers_in_any_order(pipelining, start_fetchmail, closing):
    p, s = pipelining(4), closing(Turns())
    f = start_fetchmail(rc(p, s))
    until(lambda: len(s.gates) == 4, "four messages at once")
    assert deleted(p) == []
    for number in (2, 0, 3, 1):
        s.release(number, "451 later" if number == 3 else "250 yes")
    out, err = f.communicate(timeout=20)
    assert f.returncode == 0, err
    assert sorted(deleted(p)) == [1, 2, 3] and p.messages == [crlf(3)]
    lines = [x for x in out.splitlines() if x.startswith("reading")]
    assert [x.split(" of ")[0].rpartition(":")[2] for x in lines] == list(
        "1234")
    assert [x.endswith("not flushed") for x in lines] == [False] * 3 + [True]


def test_a_lost_connection(pipelining, start_fetchmail, closing):
    p, s = pipelining(6), closing(Turns())
    f = start_fetchmail(rc(p, s))
    until(lambda: len(s.gates) == 6, "six messages at once")
    for number in range(6):
        s.release(number, None if number in (1, 4) else "250 yes")
    out, err = f.communicate(timeout=20)
    assert sorted(deleted(p)) == [1, 3, 4, 6], err
    assert p.messages == [crlf(1), crlf(4)]


def test_refused_dele(pipelining, sink, run_fetchmail):
    p, s = pipelining(20), sink()
    p.answers["DELE"] = lambda line, arg: "-ERR no" if arg == "7" else None
    r = run_fetchmail(rc(p, s))
    assert r.returncode == 4 and "no" in r.stderr
    assert p.messages == [crlf(6)] and len(s.messages) == 20


def test_the_server_closes(pipelining, sink, run_fetchmail):
    """What was delivered is not delivered again."""
    def drop(line, arg):
        if arg.split()[0] == "9" and p.sessions == 1:
            raise Drop

    p, s = pipelining(20), sink()
    p.answers["TOP"] = drop
    r = run_fetchmail(rc(p, s))
    assert r.returncode == 2 and len(p.messages) == 20
    r = run_fetchmail(rc(p, s))
    assert r.returncode == 0, r.stderr
    assert p.messages == [] and len(s.messages) == 20


class OneAtATime(SmtpSink):
    def __init__(self, **where):
        self.turn = threading.Lock()
        super().__init__(**where)

    def talk(self, line):
        with self.turn:
            super().talk(line)


@pytest.mark.parametrize("batch", ["", "batchlimit 3"])
def test_one_connection_listener(pipelining, closing, run_fetchmail, batch):
    p, s = pipelining(20), closing(OneAtATime())
    r = run_fetchmail(rc(p, s, batch), seconds=30)
    assert r.returncode == 0, r.stderr
    assert p.messages == [] and len(s.messages) == 20


@pytest.mark.parametrize("options, most", [("fetchlimit 3", 3),
                                           ("limit 10", 0)])
def test_limits(pipelining, sink, run_fetchmail, options, most):
    p, s = pipelining(10), sink()
    run_fetchmail(rc(p, s, options))
    assert texts(p) == list(range(1, most + 1)) and len(s.messages) == most


def test_a_long_message_in_little_memory(closing, sink, run_fetchmail):
    long = crlf(1) + (b"x" * 68 + b"\r\n") * 900000
    p, s = closing(Pipelining(messages=[crlf(0), long, crlf(2)])), sink()
    r = run_fetchmail(rc(p, s), seconds=60)
    assert r.returncode == 0, r.stderr
    assert [len(m["data"]) > 1 << 20 for m in s.messages].count(True) == 1
    assert p.messages == []


# --- IMAP ------------------------------------------------------------------------

def imap_rc(p, s, options=""):
    return rc(p, s, options).replace("proto pop3", "proto imap")


def asked(p):
    """The UIDs of those that were asked for ahead, and of the others."""
    ahead = [int(x.split()[2]) for x in p.seen
             if x.startswith("UID FETCH") and "(RFC822.HEADER" in x]
    single = [int(x.split()[2]) for x in p.seen
              if x.startswith("UID FETCH") and "(RFC822.HEADER" not in x]
    return ahead, sorted(set(single))


class SideBySide(ImapServer):
    """Answers to asked(): so many FETCHes are read, then answered by order()."""

    def __init__(self, many, order, **where):
        self.many, self.order, self.held = many, order, []
        super().__init__(answers={"UID FETCH": self.hold}, **where)

    def text_of(self, uid):
        i, (_, text, _) = next((i, m) for i, m in enumerate(self.box, 1)
                               if m[0] == uid)
        head, _, body = text.partition(b"\r\n\r\n")
        return self.both(i, uid, head + b"\r\n\r\n", body)

    def hold(self, line, tag, arg):
        if "(RFC822.HEADER" not in arg:
            return None
        self.held.append((tag, int(arg.split()[0])))
        if len(self.held) < self.many:
            return []
        held, self.held = self.held, []
        self.order(self, line, held)
        return []


@pytest.fixture
def imap(closing):
    return lambda n, cls=ImapServer, *args, **kw: closing(cls(
        *args, messages=[crlf(i) for i in range(n)], **kw))


def bodies(texts):
    """What tells them apart: lib.mail says a number in each subject."""
    return sorted(x for t in texts for x in t.replace(b"\r\n", b"\n").split(
        b"\n") if x.startswith(b"Subject:"))


def all_came(s, n):
    return (bodies(m["data"] for m in s.messages)
            == bodies(crlf(i) for i in range(n)))


def test_imap_all_arrive_once(imap, sink, run_fetchmail):
    p, s = imap(200), sink()
    r = run_fetchmail(imap_rc(p, s))
    assert r.returncode == 0, r.stderr
    assert p.messages == [] and len(s.messages) == 200
    assert asked(p) == (list(range(2, 201)), [1])
    assert all_came(s, 200)


def test_imap_one_message_is_not_asked_ahead(imap, sink, run_fetchmail):
    p, s = imap(1), sink()
    assert run_fetchmail(imap_rc(p, s)).returncode == 0
    assert asked(p) == ([], [1]) and len(s.messages) == 1


def texts_before_tags(p, line, held):
    """Dovecot's way, with news in between."""
    for tag, uid in held:
        line.raw(p.text_of(uid))
        line.send("* 9 EXISTS", "* OK still here")
    for tag, _ in held:
        line.send(f"{tag} OK")


def tags_backwards(p, line, held):
    for _, uid in held:
        line.raw(p.text_of(uid))
    for tag, _ in reversed(held):
        line.send(f"{tag} OK")


def parts_apart(p, line, held):
    for tag, uid in held:
        head, _, body = p.text_of(uid).partition(b" BODY[TEXT] ")
        line.raw(head + b")\r\n")
        line.raw(b"* 1 FETCH (UID %d BODY[TEXT] " % uid + body)
        line.send(f"{tag} OK")


def in_turn(p, line, held):
    for tag, uid in held:
        line.raw(p.text_of(uid))
        line.send(f"{tag} OK")


@pytest.mark.parametrize("order", [texts_before_tags, tags_backwards,
                                   parts_apart, in_turn])
def test_imap_side_by_side(imap, sink, run_fetchmail, order):
    p, s = imap(8, SideBySide, 7, order), sink()
    r = run_fetchmail(imap_rc(p, s))
    assert r.returncode == 0, r.stderr
    assert all_came(s, 8) and p.messages == []
    assert asked(p) == (list(range(2, 9)), [1])


def backwards(p, line, held):
    in_turn(p, line, held[::-1])


def body_first(p, line, held):
    for tag, uid in held:
        i, _, items = p.text_of(uid).partition(b"RFC822.HEADER ")
        head, _, body = items.partition(b" BODY[TEXT] ")
        line.raw(i + b"BODY[TEXT] " + body[:-3] + b" RFC822.HEADER " + head
                 + b")\r\n")
        line.send(f"{tag} OK")


def no_uid(p, line, held):
    for tag, uid in held:
        line.raw(p.text_of(uid).replace(b"UID %d " % uid, b"", 1))
        line.send(f"{tag} OK")


def refuses(p, line, held):
    for tag, uid in held:
        line.send(f"{tag} NO not now")


@pytest.mark.parametrize("order", [backwards, body_first, no_uid, refuses])
def test_imap_out_of_turn(imap, sink, run_fetchmail, order):
    """Asked for again, one by one; nothing is mixed up or comes twice."""
    p, s = imap(8, SideBySide, 7, order), sink()
    r = run_fetchmail(imap_rc(p, s))
    assert r.returncode == 0, r.stderr
    assert all_came(s, 8) and p.messages == []
    assert asked(p)[0] == list(range(2, 9)) and len(asked(p)[1]) > 5


def test_imap_the_server_closes(imap, sink, run_fetchmail):
    def half(p, line, held):
        in_turn(p, line, held[:2])
        line.raw(p.text_of(held[2][1])[:-20])
        raise Drop

    p, s = imap(8, SideBySide, 7, half), sink()
    r = run_fetchmail(imap_rc(p, s, "keep"))
    assert r.returncode == 2, r.stderr
    assert bodies(m["data"] for m in s.messages) == bodies(
        crlf(i) for i in range(3))


def test_imap_flags_in_many_stores(imap, sink, run_fetchmail):
    p, s = imap(300), sink()
    r = run_fetchmail(imap_rc(p, s, "keep"))
    assert r.returncode == 0, r.stderr
    assert all(m[2] == {"\\Seen"} for m in p.box) and all_came(s, 300)


@pytest.mark.parametrize("options", ["expunge 3", "fetchlimit 5"])
def test_imap_limits(imap, sink, run_fetchmail, options):
    p, s = imap(10), sink()
    r = run_fetchmail(imap_rc(p, s, options))
    assert r.returncode in (0, 13), r.stderr
    ahead, single = asked(p)
    assert len(ahead) + len(single) == len(s.messages) == 10 - len(p.messages)
