"""Mail for other hosts: to relayhost, all or nothing, with and without TLS."""

import os
import re
import signal
import socket
import threading
import time

import pytest

from lib.lines import Drop
from lib.mail import message
from lib.smtp import Client, send
from lib.waiting import free_port, until

pytestmark = pytest.mark.ours
OUT = "friend@other.test"
USER = "virtualuser1@example.com"
VIRTUAL = (f"both@example.com {USER}, {OUT}\n"
           f"fwd@example.com {OUT}\n"
           "two@example.com virtualuser0@example.com, bad@other.test\n")


@pytest.fixture
def relaying(vdeliver, sink):
    """relaying(answers, parameters) → (host, sink), started."""

    def make(answers=None, tls=None, lmtp=False, where="127.0.0.1", **config):
        there = sink(answers, tls=tls)
        host = vdeliver({"relayhost": f"[{where}]:{there.port}", **config},
                        maps={"virtual": VIRTUAL},
                        listen=[("lmtp:" if lmtp else "") +
                                "inet:127.0.0.1:0"])
        return host.start(), there

    return make


def drop():
    raise Drop


def stored(host):
    return [name for name in ("test0", "test1", "test2") if host.new(name)]


def leftovers(host):
    """Files under tmp/ of any Maildir."""
    return [str(p) for p in host.base.rglob("tmp/*")]


def test_it_goes_out_as_it_was_stored(relaying):
    host, there = relaying()
    text = message(1, b"Hello.\n.dot\n" + b"y" * 2500 + b"\n")
    assert send(host.where, "s@remote.example", OUT, text).startswith(
        "250 2.0.0 Ok: queued as ")
    got = there.wait(1)[0]
    assert (got["mail"], got["rcpt"]) == ("s@remote.example", [OUT])
    assert got["helo"] == "mail.test.example"
    head, body = got["data"].split(b"\r\n\r\n", 1)
    assert head.startswith(b"Received: from client.example ")
    assert not re.search(rb"(?im)^(X-Original-To|Delivered-To|Return-Path):",
                         head)
    assert body == (b"Hello.\r\n.dot\r\n" + b"y" * 998 + b"\r\n "
                    + b"y" * 997 + b"\r\n " + b"y" * 505 + b"\r\n")
    line = host.logged("status=sent")
    assert f"relay=127.0.0.1[127.0.0.1]:{there.port}, " in line
    assert "smtp[" in line and "dsn=2.0.0" in line
    assert "(250 2.0.0 Ok: queued as SINK)" in line
    host.logged("breaking line > 998 bytes with <CR><LF>SPACE")


def test_who_may(relaying):
    host, there = relaying(mynetworks="127.0.0.9")
    answer = send(host.where, "s@remote.example", OUT, message(1))
    assert answer == f"454 4.7.1 <{OUT}>: Relay access denied"
    # Our own aliases go where they say, whoever writes.
    assert send(host.where, "s@remote.example", "fwd@example.com",
                message(2)).startswith("250 ")
    assert there.wait(1)[0]["rcpt"] == [OUT]


@pytest.mark.parametrize("rules, trusted, want", [
    ("permit_mynetworks, reject_unauth_destination", False, "554 5.7.1"),
    ("reject_unauth_destination", True, "554 5.7.1"),
    ("permit_auth_destination, reject", True, "554 5.7.1"),
    ("", True, "250 2.1.5"),
    ("", False, "454 4.7.1"),
])
def test_relay_restrictions(relaying, rules, trusted, want):
    host, _ = relaying(smtpd_relay_restrictions=rules,
                       mynetworks="127.0.0.1" if trusted else "127.0.0.9")
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        assert c.say(f"RCPT TO:<{OUT}>").startswith(want)
        assert c.say(f"RCPT TO:<{USER}>") == "250 2.1.5 Ok"


def test_without_relayhost(vdeliver):
    host = vdeliver().start()
    assert send(host.where, "s@remote.example", OUT, message(1)) == \
        f"451 4.3.5 no relayhost for <{OUT}>"


def test_mailbox_and_relay_together(relaying):
    host, there = relaying()
    assert send(host.where, "s@remote.example", "both@example.com",
                message(1)).startswith("250 ")
    assert len(there.wait(1)) == 1 and stored(host) == ["test1"]


@pytest.mark.parametrize("answers, want, command", [
    ({"greeting": "554 5.3.2 go away"}, "4.3.2", None),
    ({"greeting": "421 4.3.2 later"}, "4.3.2", None),
    ({"EHLO": "554 no", "HELO": "550 no"}, "4.0.0", None),
    ({"MAIL": "550 5.1.8 bad sender"}, "5.1.8", "MAIL FROM"),
    ({"MAIL": "451 no"}, "4.0.0", "MAIL FROM"),
    ({OUT: "550 5.1.1 nobody"}, "5.1.1", "RCPT TO"),
    ({OUT: "450 4.2.1 later"}, "4.2.1", "RCPT TO"),
    ({OUT: "550 4.2.1 confused"}, "5.0.0", "RCPT TO"),
    ({"DATA": "554 5.7.1 no data"}, "5.7.1", "DATA"),
    ({"DATA": "250 odd"}, "4.0.0", "DATA"),
    ({"dot": "421 4.3.2 closing"}, "4.3.2", "end of DATA"),
    ({"dot": "554 5.6.0 content"}, "5.6.0", "end of DATA"),
    ({"dot": "452 4.3.1 full"}, "4.3.1", "end of DATA"),
])
def test_refusals_keep_their_class(relaying, answers, want, command):
    host, there = relaying(answers)
    answer = send(host.where, "s@remote.example", "both@example.com",
                  message(1))
    assert re.match(rf"{want[0]}\d\d {want} host 127\.0\.0\.1\[127\.0\.0\.1\] ",
                    answer), answer
    assert (f"(in reply to {command} command)" in answer) == bool(command)
    assert there.messages == [] and stored(host) == []
    assert leftovers(host) == []
    line = host.logged(f"to=<{OUT}>")
    assert f"dsn={want}, status=" in line
    assert ("bounced" if want[0] == "5" else "deferred") in line


@pytest.mark.parametrize("key", ["greeting", "EHLO", "MAIL", OUT, "DATA",
                                 "dot"])
def test_a_server_that_dies(relaying, key):
    host, there = relaying({key: drop})
    answer = send(host.where, "s@remote.example", "both@example.com",
                  message(1))
    assert answer.startswith("451 4.4.2 lost connection with "), answer
    assert stored(host) == [] and leftovers(host) == []
    there.answers.clear()
    assert send(host.where, "s@remote.example", "both@example.com",
                message(2)).startswith("250 ")
    assert stored(host) == ["test1"]


@pytest.mark.parametrize("key, config", [
    ("greeting", {"smtp_helo_timeout": "1s"}),
    ("MAIL", {"smtp_mail_timeout": "1s"}),
    (OUT, {"smtp_rcpt_timeout": "1s"}),
    ("DATA", {"smtp_data_init_timeout": "1s"}),
    ("dot", {"smtp_data_done_timeout": "1s"}),
    ("dot", {"vdeliver_relay_timeout": "1s"}),
])
def test_a_silent_server(relaying, closing, key, config):
    over = threading.Event()

    class End:
        stop = staticmethod(over.set)

    closing(End)
    host, _ = relaying({key: lambda: over.wait(60) and drop()}, **config)
    with Client(host.where) as slow:
        slow.say("EHLO client.example")
        slow.say("MAIL FROM:<s@remote.example>")
        slow.say("RCPT TO:<both@example.com>")
        slow.say("DATA")
        slow.body(message(1))
        # It stands in nobody's way.
        assert send(host.where, "s@remote.example", USER,
                    message(2)).startswith("250 ")
        assert len(host.new("test1")) == 1
        answer = slow.reply()
    assert answer.startswith("451 4.4.2 conversation with "), answer
    assert "timed out while " in answer
    assert len(host.new("test1")) == 1 and leftovers(host) == []


def test_nobody_there(relaying):
    host, there = relaying()
    there.close()
    answer = send(host.where, "s@remote.example", "both@example.com",
                  message(1))
    assert answer == ("451 4.4.1 connect to 127.0.0.1[127.0.0.1]:"
                      f"{there.port}: Connection refused")
    assert stored(host) == []
    assert "relay=none, " in host.logged(f"to=<{OUT}>")


def test_several_places_in_order(vdeliver, sink):
    busy, good = sink({"greeting": "421 4.3.2 busy"}), sink()
    host = vdeliver({"relayhost": f"[127.0.0.1]:{free_port()}, "
                     f"[no.such.invalid]:25 [127.0.0.1]:{busy.port} "
                     f"[127.0.0.1]:{good.port}"}).start()
    assert send(host.where, "s@remote.example", OUT,
                message(1)).startswith("250 ")
    assert len(good.wait(1)) == 1
    host.logged("Connection refused")
    host.logged("refused to talk to me: 421 4.3.2 busy")


def test_no_address(vdeliver):
    host = vdeliver({"relayhost": "[no.such.invalid]"}).start()
    answer = send(host.where, "s@remote.example", OUT, message(1))
    assert answer.startswith("451 4.4.3 Host or domain name not found."), answer


def test_one_of_two_refused(relaying):
    """SMTP has one answer: then none may have got it."""
    host, there = relaying({"bad@other.test": "550 5.1.1 nobody"})
    answer = send(host.where, "s@remote.example",
                  [OUT, "bad@other.test", USER], message(1))
    assert answer.startswith("550 5.1.1 host ")
    assert there.messages == [] and stored(host) == []


def test_lmtp_answers_for_each(relaying):
    host, there = relaying({"bad@other.test": "550 5.1.1 nobody"}, lmtp=True)
    with Client(host.where) as c:
        answers = [c.transaction("s@remote.example", [
            "fwd@example.com", "two@example.com", USER, "bad@other.test"],
            message(1), "LHLO client.example")]
        answers += [c.reply() for _ in range(3)]
    assert [a[:9] for a in answers] == ["250 2.0.0", "550 5.1.1",
                                        "250 2.0.0", "550 5.1.1"], answers
    assert [m["rcpt"] for m in there.messages] == [[OUT]]
    assert stored(host) == ["test1"] and leftovers(host) == []


def test_prepared_before_it_is_relayed(relaying):
    """A mailbox that cannot be written keeps the message from going out."""
    host, there = relaying()
    (host.base / "example.com").mkdir()
    os.chown(host.base / "example.com", 5000, 5000)
    host.maildir("test1").mkdir(mode=0o700)  # root's
    answer = send(host.where, "s@remote.example", "both@example.com",
                  message(1))
    assert answer.startswith("451 4.2.0 "), answer
    assert there.seen == []


def test_nothing_published_before_the_relay_says_yes(relaying, closing):
    asked, go = threading.Event(), threading.Event()

    class End:
        stop = staticmethod(go.set)

    closing(End)

    def dot():
        asked.set()
        go.wait(30)

    host, _ = relaying({"dot": dot})
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        c.say("RCPT TO:<both@example.com>")
        c.say("DATA")
        c.body(message(1))
        assert asked.wait(20)
        assert stored(host) == [] and len(leftovers(host)) == 1
        go.set()
        assert c.reply().startswith("250 ")
    assert stored(host) == ["test1"]


def test_after_the_relay_nothing_fails_for_good(relaying):
    """An mbox that is too large only when it is locked: 4xx, try again."""
    host, there = relaying({}, virtual_mailbox_limit="20000",
                        message_size_limit="20000")
    host.stop()
    host.table("vmailbox", f"{USER} box\n")
    box = host.base / "box"
    box.write_bytes(b"From x\n\n" + b"x" * 19990 + b"\n")
    os.chown(box, 5000, 5000)
    host.start()
    answer = send(host.where, "s@remote.example", "both@example.com",
                  message(1))
    assert answer.startswith("452 4.2.2 "), answer
    assert len(there.messages) == 1
    assert "status=sent" in host.logged(f"to=<{OUT}>")
    assert "dsn=4.2.2, status=deferred" in host.logged(f"to=<{USER}>")
    assert box.stat().st_size == 19999


def test_a_relay_that_is_killed(relaying, closing):
    asked, go = threading.Event(), threading.Event()

    class End:
        stop = staticmethod(go.set)

    closing(End)
    host, there = relaying({"DATA": lambda: asked.set() or go.wait(30) and None})
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        c.say("RCPT TO:<both@example.com>")
        c.say("DATA")
        c.body(message(1))
        assert asked.wait(20)
        relays = [p for p, name in host.pids().items() if name == "vd-relay"]
        assert len(relays) == 1
        os.kill(relays[0], signal.SIGKILL)
        assert c.reply().startswith("451 4.3.0 relay process ended")
    go.set()
    assert stored(host) == []
    there.answers.clear()
    assert send(host.where, "s@remote.example", "both@example.com",
                message(2)).startswith("250 ")


def test_many_at_once_through_few(relaying):
    host, there = relaying(vdeliver_relay_limit="2")
    answers = []

    def one(number):
        answers.append(send(host.where, "s@remote.example", OUT,
                            message(number)))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len([a for a in answers if a.startswith("250 ")]) == 20, answers
    assert len(there.wait(20)) == 20
    relays = [p for p, name in host.pids().items() if name == "vd-relay"]
    assert 1 <= len(relays) <= 2
    status = "".join(open(f"/proc/{p}/status").read() for p in relays)
    assert "Uid:\t0\t" not in status


def test_more_targets_than_one_message_holds(relaying):
    host, there = relaying(smtpd_recipient_limit="1000")
    rcpt = [f"{'x' * 60}{n}@{'long' * 10}.test" for n in range(700)]
    rcpt[300] = "bad@other.test"
    assert send(host.where, "s@remote.example", rcpt,
                message(1, b"z" * 70 + b"\n" * 500)).startswith("250 ")
    assert there.wait(1)[0]["rcpt"] == rcpt


def test_large_bodies(relaying):
    host, there = relaying()
    body = b"".join(b"%06d line\n" % n for n in range(100000))
    assert send(host.where, "s@remote.example", "both@example.com",
                message(1, body)).startswith("250 ")
    data = there.wait(1)[0]["data"]
    assert data.endswith(body.replace(b"\n", b"\r\n"))
    assert stored(host) == ["test1"]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_real_postfix(vdeliver, real_postfix, ca, secure):
    cert, key = ca.issue("localhost")
    there = real_postfix({"mynetworks": "127.0.0.0/8",
                          "smtpd_tls_security_level": "may",
                          "smtpd_tls_cert_file": str(cert),
                          "smtpd_tls_key_file": str(key)}).start()
    host = vdeliver({"relayhost": f"[localhost]:{there.ports[0]}",
                     "inet_protocols": "ipv4",
                     "smtp_tls_security_level": "secure" if secure
                     else "none",
                     "smtp_tls_CAfile": str(ca.cert),
                     "virtual_mailbox_domains": "here.example"},
                    maps={"virtual": f"both@here.example {USER} a@here.example\n",
                          "vmailbox": "a@here.example example.com/test0/\n"}
                    ).start()
    assert send(host.where, "s@remote.example", "both@here.example",
                message(1, b"Hello.\n.dot\n")).startswith("250 ")
    until(lambda: there.new("test1"), "the message at Postfix")
    stored = there.new("test1")[0]
    # It was told whom the client had named.
    assert b"X-Original-To: " in stored and stored.endswith(b"\n\nHello.\n.dot\n")
    assert (b"with ESMTPS id" in stored) == secure
    assert len(host.new("test0")) == 1
    # What Postfix refuses, our client hears as Postfix has said it.
    answer = send(host.where, "s@remote.example",
                  ["a@here.example", "nobody@example.com"], message(2))
    assert re.match(r"550 5\.1\.1 host localhost\[127\.0\.0\.1\] said: 550 "
                    r"5\.1\.1 <nobody@example\.com>: .* \(in reply to RCPT TO "
                    r"command\)$", answer), answer
    assert len(host.new("test0")) == 1


# --- TLS ---------------------------------------------------------------------

def secured(relaying, server_tls, ca, names, level, **config):
    return relaying(tls=server_tls(*names), where="localhost",
                    smtp_tls_security_level=level,
                    smtp_tls_CAfile=str(ca.cert), **config)


@pytest.mark.parametrize("level, names, ok", [
    ("none", ["localhost"], True),
    ("may", ["wrong.example"], True),
    ("encrypt", ["wrong.example"], True),
    ("verify", ["localhost"], True),
    ("verify", ["wrong.example"], False),
    ("secure", ["localhost"], True),
    ("secure", ["sub.localhost"], True),
    ("verify", ["sub.localhost"], False),
])
def test_tls_levels(relaying, server_tls, ca, level, names, ok):
    host, there = secured(relaying, server_tls, ca, names, level)
    answer = send(host.where, "s@remote.example", "both@example.com",
                  message(1))
    assert ("STARTTLS" in there.seen) == (level != "none")
    if ok:
        assert answer.startswith("250 "), answer
        assert stored(host) == ["test1"]
        return
    assert answer.startswith("451 4.7.5 Cannot start TLS with "), answer
    assert "mismatch" in answer
    assert there.messages == [] and stored(host) == []


def test_tls_of_an_unknown_ca(relaying, server_tls, ca, top):
    other = type(ca)(top)
    host, there = relaying(tls=server_tls("localhost"), where="localhost",
                           smtp_tls_security_level="verify",
                           smtp_tls_CAfile=str(other.cert))
    answer = send(host.where, "s@remote.example", OUT, message(1))
    assert answer.startswith("451 4.7.5 ") and "verification" in answer
    assert there.messages == []


def test_tls_from_a_directory_of_certificates(relaying, server_tls, ca, top):
    (top / "certs").mkdir()
    (top / "certs" / "ours").write_bytes(ca.cert.read_bytes())
    (top / "certs" / "README").write_text("no certificate\n")
    host, there = relaying(tls=server_tls("localhost"), where="localhost",
                           smtp_tls_security_level="secure",
                           smtp_tls_CApath=str(top / "certs"))
    assert send(host.where, "s@remote.example", OUT,
                message(1)).startswith("250 ")


def test_tls_with_the_system_s_certificates(relaying, server_tls, ca,
                                            monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.cert))
    host, there = relaying(tls=server_tls("localhost"), where="localhost",
                           smtp_tls_security_level="secure",
                           tls_append_default_CA="yes")
    assert send(host.where, "s@remote.example", OUT,
                message(1)).startswith("250 ")


def test_tls_names_that_are_asked_for(relaying, server_tls, ca):
    host, there = secured(relaying, server_tls, ca, ["other.example"],
                          "verify", smtp_tls_verify_cert_match="other.example")
    assert send(host.where, "s@remote.example", OUT,
                message(1)).startswith("250 ")


def test_tls_not_offered(relaying):
    host, there = relaying(smtp_tls_security_level="encrypt")
    answer = send(host.where, "s@remote.example", OUT, message(1))
    assert answer == ("451 4.7.4 TLS is required, but was not offered by host "
                      "127.0.0.1[127.0.0.1]")


@pytest.mark.parametrize("level", ["may", "encrypt"])
def test_tls_that_breaks(relaying, level):
    """Something that says STARTTLS and cannot."""
    host, there = relaying({"EHLO": "250-sink\r\n250 STARTTLS",
                            "STARTTLS": "220 2.0.0 here you are"},
                           smtp_tls_security_level=level,
                           smtp_starttls_timeout="1s")
    answer = send(host.where, "s@remote.example", OUT, message(1))
    if level == "may":
        assert answer.startswith("250 "), answer
        assert len(there.wait(1)) == 1
    else:
        assert answer.startswith("451 4.7.5 Cannot start TLS "), answer
        assert there.messages == []


def test_tls_from_the_first_octet(relaying, sink, server_tls, ca, vdeliver):
    context = server_tls("localhost")
    with socket.create_server(("127.0.0.1", 0)) as front:
        there = sink()
        port = front.getsockname()[1]

        def pump():
            client, _ = front.accept()
            with context.wrap_socket(client, server_side=True) as c, \
                    socket.create_connection(("127.0.0.1", there.port)) as s:
                def back():
                    try:
                        while data := s.recv(4096):
                            c.sendall(data)
                    except OSError:
                        pass  # the client does not wait for 221
                threading.Thread(target=back, daemon=True).start()
                while data := c.recv(4096):
                    s.sendall(data)

        threading.Thread(target=pump, daemon=True).start()
        host = vdeliver({"relayhost": f"[localhost]:{port}",
                         "inet_protocols": "ipv4",
                         "smtp_tls_wrappermode": "yes",
                         "smtp_tls_security_level": "secure",
                         "smtp_tls_CAfile": str(ca.cert)}).start()
        assert send(host.where, "s@remote.example", OUT,
                    message(1)).startswith("250 ")
        assert len(there.wait(1)) == 1


# --- the start ---------------------------------------------------------------

@pytest.mark.parametrize("config, text", [
    ({"relayhost": "::1"}, "bad destination"),
    ({"relayhost": "[a]b"}, "bad destination"),
    ({"relayhost": "[a]:"}, "bad destination"),
    ({"smtp_tls_security_level": "dane"}, "dane is not supported"),
    ({"smtp_tls_security_level": "verify"}, "nothing to verify with"),
    ({"smtp_tls_security_level": "verify", "smtp_tls_CAfile": "/no/such"},
     "/no/such"),
    ({"smtp_tls_security_level": "may", "smtp_tls_protocols": "odd"},
     "no TLS protocol"),
    ({"smtp_tls_wrappermode": "yes"}, "smtp_tls_wrappermode"),
    ({"smtp_sasl_auth_enable": "yes"}, "smtp_sasl_auth_enable"),
    ({"smtp_tls_policy_maps": "inline:{a=none}"}, "smtp_tls_policy_maps"),
    ({"smtp_connect_timeout": "soon"}, "smtp_connect_timeout"),
    ({"smtp_helo_name": "a b"}, "smtp_helo_name"),
    ({"vdeliver_relay_timeout": "10m"}, "vdeliver_relay_timeout"),
    ({"smtpd_relay_restrictions": "permit_mynetworks"},
     "at least one working instance"),
    ({"smtpd_relay_restrictions": "reject_unknown_client_hostname, reject"},
     "reject_unknown_client_hostname is not supported"),
])
def test_refused_at_the_start(vdeliver, config, text):
    host = vdeliver({"relayhost": "[127.0.0.1]:25", **config})
    got = host.command("-f")
    assert got.returncode == 1 and text in got.stderr, got.stderr


def test_a_bare_name_is_warned_of(vdeliver):
    host = vdeliver({"relayhost": "localhost:2525"}).start()
    assert "MX records are not looked up" in host.stderr() + host.log()


def test_delays_are_told(relaying):
    host, _ = relaying({"dot": lambda: time.sleep(0.3)})
    send(host.where, "s@remote.example", OUT, message(1))
    line = host.logged("status=sent")
    delays = re.search(r"delay=([\d.]+), delays=([\d.]+)/([\d.]+)/([\d.]+)/"
                       r"([\d.]+),", line)
    total, *parts = map(float, delays.groups())
    assert total >= 0.3 and parts[3] >= 0.3 and parts[2] < 0.3
    until(lambda: "removed" in host.log(), "the end")
