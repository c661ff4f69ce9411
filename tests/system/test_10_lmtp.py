"""LMTP, alone and behind a real Postfix."""

import os
import re
import socket
import stat

import pytest

from lib import maildir
from lib.mail import message, unstack
from lib.smtp import Client, send
from lib.waiting import until

pytestmark = pytest.mark.ours
TO = [f"virtualuser{i}@example.com" for i in (0, 1, 2)]


@pytest.fixture
def both(vdeliver, top):
    """vdeliver on TCP and on a UNIX socket: (host, [places])."""
    path = str(top / "lmtp")
    host = vdeliver(listen=["lmtp:inet:127.0.0.1:0",
                            f"lmtp:unix:{path}"]).start()
    return host, [host.where, path]


@pytest.mark.parametrize("place", [0, 1], ids=["inet", "unix"])
def test_one_answer_for_each_recipient(both, place):
    host, places = both
    with Client(places[place]) as c:
        assert re.match(r"220 mail\.test\.example LMTP", c.greeting)
        assert c.say("EHLO client.example").startswith("500 5.5.1 ")
        assert "PIPELINING" in c.say("LHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        assert c.say(f"RCPT TO:<{TO[0]}>") == "250 2.1.5 Ok"
        assert c.say("RCPT TO:<nobody@example.com>").startswith("550 5.1.1 ")
        assert c.say(f"RCPT TO:<{TO[1]}>") == "250 2.1.5 Ok"
        assert c.say(f"RCPT TO:<{TO[0]}>") == "250 2.1.5 Ok"
        assert c.say("DATA").startswith("354 ")
        c.body(message(1))
        answers = [c.reply() for _ in range(3)]
        for answer, to in zip(answers, (TO[0], TO[1], TO[0])):
            assert answer.startswith("250 2.0.0 ") and to in answer
        assert c.say("QUIT").startswith("221 ")
    assert [len(host.new(f"test{i}")) for i in (0, 1, 2)] == [1, 1, 0]
    fields, _ = unstack(host.new("test1")[0])
    assert "with LMTP id" in fields["Received"]


def test_recipients_fail_apart(both):
    host, places = both
    (host.base / "example.com").mkdir()
    os.chown(host.base / "example.com", 5000, 5000)
    host.maildir("test1").mkdir(mode=0o700)  # root's
    with Client(places[1]) as c:
        answer = c.transaction("s@remote.example", TO, message(1),
                               "LHLO client.example")
        answers = [answer, c.reply(), c.reply()]
    assert [a[:9] for a in answers] == ["250 2.0.0", "451 4.2.0",
                                        "250 2.0.0"], answers
    assert len(host.new("test0")) == len(host.new("test2")) == 1


def test_no_recipient(both):
    with Client(both[1][0]) as c:
        c.say("LHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        assert c.say("DATA").startswith("503 5.5.1 ")


def test_the_socket_file(both, vdeliver, top):
    host, (_, path) = both
    st = os.stat(path)
    assert stat.S_ISSOCK(st.st_mode) and stat.S_IMODE(st.st_mode) == 0o666
    host.stop()
    assert not os.path.exists(path)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    host.start()
    assert send(path, "s@remote.example", TO[0], message(1),
                lmtp=True).startswith("250 ")


@pytest.mark.parametrize("place", [0, 1], ids=["inet", "unix"])
def test_behind_postfix(both, place, real_postfix):
    host, places = both
    transport = (f"lmtp:inet:127.0.0.1:{host.ports[0]}" if place == 0
                 else f"lmtp:unix:{places[1]}")
    postfix = real_postfix({"virtual_transport": transport}).start()
    octets = message("through Postfix", b"one\n.two\nFrom three\n")
    answer = send(postfix.where, "s@remote.example",
                  TO[:2] + ["postmaster@example.com"], octets)
    assert answer.startswith("250 2.0.0 Ok: queued as ")
    # virtualuser1 twice: as itself and for the postmaster
    until(lambda: len(host.new("test0")) == 1 and len(host.new("test1")) == 2
          and not postfix.queued(), "delivery through Postfix: "
          + postfix.log(), 30)
    for i in (0, 1):
        maildir.check(host.maildir(f"test{i}"))
        for stored in host.new(f"test{i}"):
            fields, rest = unstack(stored)
            assert fields["Return_Path"] == "<s@remote.example>"
            assert fields["Delivered_To"] == TO[i]
            assert rest.endswith(b"\none\n.two\nFrom three\n")
    assert len(re.findall(r"status=sent \(250 2\.0\.0 ", postfix.log())) == 3


def test_postfix_keeps_what_fails(both, real_postfix):
    host, places = both
    (host.base / "example.com").mkdir(mode=0o700)  # root's
    postfix = real_postfix({"virtual_transport": f"lmtp:unix:{places[1]}",
                            "queue_run_delay": "1s",
                            "minimal_backoff_time": "1s",
                            "maximal_backoff_time": "1s"}).start()
    send(postfix.where, "s@remote.example", TO[0], message(1))
    until(lambda: "status=deferred" in postfix.log(), "a deferral", 30)
    assert postfix.queued() and not host.new("test0")
    os.chown(host.base / "example.com", 5000, 5000)
    until(lambda: not postfix.queued(), "a second try: " + postfix.log(),
          150)
    assert len(host.new("test0")) == 1
