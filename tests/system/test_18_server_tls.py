"""TLS on the server's side: STARTTLS and smtps:, against real clients."""

import os
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from lib.client import Client
from lib.waiting import until

pytestmark = pytest.mark.ours

TO = "virtualuser0@example.com"
ESTABLISHED = ("Anonymous TLS connection established from "
               "localhost[127.0.0.1]: TLSv1.3 with cipher "
               "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "
               "server-signature ECDSA (prime256v1) server-digest SHA256")


@pytest.fixture
def server(vdeliver, ca, closing):
    """server(config, ...): started, with a certificate."""

    def make(config=None, **kw):
        cert, key = ca.issue("mail.test.example")
        return vdeliver(config={
            "smtpd_tls_security_level": "may",
            "smtpd_tls_cert_file": cert, "smtpd_tls_key_file": key,
            "smtpd_tls_loglevel": "1", "smtpd_error_sleep_time": "0",
            **(config or {})}, **kw).start()

    return make


@pytest.fixture
def client(closing):
    return lambda *args, **kw: closing(Client(*args, **kw))


def deliver(c, body="Subject: x\r\n\r\nhello\r\n", more=""):
    assert c.say("MAIL FROM:<a@b.test>" + more)[:3] == "250"
    assert c.say(f"RCPT TO:<{TO}>")[:3] == "250"
    assert c.say("DATA")[:3] == "354"
    reply = c.say(body + ".")
    assert "queued as" in reply
    return reply


def upgraded(c, **kw):
    assert "STARTTLS" in c.ehlo()
    assert c.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
    c.start_tls(**kw)
    return c


def test_starttls(server, client):
    p = server({"smtpd_tls_received_header": "yes"})
    c = upgraded(client(p.where))
    assert c.say("STARTTLS") == "554 5.5.1 Error: TLS already active"
    assert "STARTTLS" not in c.ehlo()
    deliver(c)
    assert c.say("QUIT") == "221 2.0.0 Bye"
    assert c.line() == ""
    mail, = p.new("test0")
    assert (b"\nReceived: from client.test (localhost [127.0.0.1])\n"
            b"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 "
            b"bits)\n\t key-exchange X25519 server-signature ECDSA "
            b"(prime256v1) server-digest SHA256)\n"
            b"\t(No client certificate requested)\n"
            b"\tby mail.test.example (Postfix) with ESMTPS id ") in mail
    p.logged(ESTABLISHED)
    p.logged("ehlo=2 starttls=1/2 mail=1 rcpt=1 data=1 quit=1 commands=7/8")


def test_the_original_does_the_same(real_postfix, ca, client):
    cert, key = ca.issue("mail.test.example")
    p = real_postfix(config={
        "smtpd_tls_security_level": "may", "smtpd_tls_cert_file": cert,
        "smtpd_tls_key_file": key, "smtpd_tls_loglevel": "1",
        "smtpd_tls_received_header": "yes"}).start()
    c = upgraded(client(p.where))
    deliver(c)
    p.logged(ESTABLISHED)
    mail, = until(lambda: p.new("test0"), "the message")
    assert b"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 " in mail
    assert b"with ESMTPS id " in mail


@pytest.mark.parametrize("tls,name", [(False, "UTF8SMTP"),
                                      (True, "UTF8SMTPS")])
def test_utf8_as_the_original(server, real_postfix, ca, client, tls, name):
    """What Received says of it; RFC 6531 4.3 has the names."""
    cert, key = ca.issue("mail.test.example")
    theirs = real_postfix({"smtpd_tls_security_level": "may",
                           "smtpd_tls_cert_file": cert,
                           "smtpd_tls_key_file": key}).start()
    for p in (server(), theirs):
        c = client(p.where)
        c = upgraded(c) if tls else c
        c.ehlo()
        deliver(c, more=" SMTPUTF8")
        mail, = until(lambda p=p: p.new("test0"), "the message")
        assert f"\tby mail.test.example (Postfix) with {name} id ".encode() \
            in mail


def test_utf8_over_lmtp(server, client):
    """No Postfix to ask: as the list of RFC 6531 4.3 goes on."""
    p = server({"smtpd_tls_security_level": None},
               listen=["lmtp:inet:127.0.0.1:0", "lmtps:inet:127.0.0.1:0"])
    for port, tls in zip(p.ports, (False, True)):
        c = client(("127.0.0.1", port), tls=tls)
        c.ehlo("LHLO")
        deliver(c, more=" SMTPUTF8")
        deliver(c)
    mails = b"".join(p.new("test0"))
    for name in (b"LMTP", b"LMTPS", b"UTF8LMTP", b"UTF8LMTPS"):
        assert mails.count(b" with " + name + b" id ") == 1, mails


def test_tls_1_2_and_a_big_message(server, client):
    p = server({"smtpd_tls_received_header": "yes"})
    c = upgraded(client(p.where), maximum=ssl.TLSVersion.TLSv1_2)
    line = "x" * 900 + "\r\n"
    deliver(c, "Subject: big\r\n\r\n" + line * 3000)
    mail, = p.new("test0")
    assert mail.endswith(line.replace("\r", "").encode() * 3000)
    assert b"\t(using TLSv1.2 with cipher ECDHE-ECDSA-AES256-GCM-SHA384 " \
        b"(256/256 bits))\n\t(No client" in mail


def test_clear_text_before_the_handshake_is_lost(server, client):
    """What somebody on the line adds behind STARTTLS is never run."""
    p = server({"smtpd_forbid_unauth_pipelining": "no"})
    c = client(p.where)
    c.ehlo()
    assert c.say(b"STARTTLS\r\nMAIL FROM:<evil@b.test>\r\n") == \
        "220 2.0.0 Ready to start TLS"
    c.start_tls()
    assert c.say("RCPT TO:<x@b.test>") == "503 5.5.1 Error: need MAIL command"
    p.logged("improper command pipelining after STARTTLS from "
             r"localhost[127.0.0.1]: MAIL FROM:<evil@b.test>\r\n")


def test_pipelining_behind_starttls_is_an_error(server, client):
    c = client(server().where)
    c.ehlo()
    assert c.say(b"STARTTLS\r\nNOOP\r\n") == \
        "554 5.5.0 Error: SMTP protocol synchronization"
    assert c.line() == ""


def test_helo_and_sender_are_forgotten(server, client):
    p = server({"smtpd_helo_required": "yes"})
    c = client(p.where)
    c.ehlo()
    c.say("MAIL FROM:<a@b.test>")
    c.say("STARTTLS")
    c.start_tls()
    assert c.say("MAIL FROM:<a@b.test>") == \
        "503 5.5.1 Error: send HELO/EHLO first"


def test_encrypt(server, client):
    p = server({"smtpd_tls_security_level": "encrypt"})
    c = client(p.where)
    c.ehlo()
    for line in ("MAIL FROM:<a@b.test>", "RCPT TO:<a@b.test>", "DATA",
                 "VRFY a"):
        assert c.say(line) == "530 5.7.0 Must issue a STARTTLS command first"
    assert c.say("NOOP") == "250 2.0.0 Ok"
    upgraded(c)
    deliver(c)


@pytest.mark.parametrize("config", [
    {"smtpd_tls_security_level": "none"},
    {"smtpd_tls_security_level": None},
    {"smtpd_discard_ehlo_keywords": "starttls"}])
def test_not_offered(server, client, config):
    c = client(server(config).where)
    assert "STARTTLS" not in c.ehlo()
    assert c.say("STARTTLS") == "502 5.5.1 Error: command not implemented"
    assert c.say("NOOP") == "250 2.0.0 Ok"


def test_old_parameters(server, client):
    p = server({"smtpd_tls_security_level": None, "smtpd_use_tls": "yes"})
    assert "STARTTLS" in client(p.where).ehlo()
    p = server({"smtpd_tls_security_level": None, "smtpd_enforce_tls": "yes"})
    assert client(p.where).say("MAIL FROM:<>")[:3] == "530"


def test_smtps_and_lmtps(server, client):
    p = server({"smtpd_tls_security_level": None},
               listen=["smtps:inet:127.0.0.1:0", "lmtps:inet:127.0.0.1:0"])
    c = client(p.where, tls=True)
    assert c.greeting == ["220 mail.test.example ESMTP Postfix"]
    assert "STARTTLS" not in c.ehlo()
    deliver(c)
    c = client(("127.0.0.1", p.ports[1]), tls=True)
    assert "STARTTLS" not in c.ehlo("LHLO")
    deliver(c)
    a, b = sorted(p.new("test0"), key=lambda m: b"with LMTPS id" in m)
    assert b"with ESMTPS id " in a and b"with LMTPS id " in b
    c = socket.create_connection(p.where)
    c.sendall(b"EHLO clear.test\r\n")
    p.logged("SSL_accept error from localhost[127.0.0.1]: -1")
    p.logged("warning: TLS library problem: error:0A")
    p.logged("lost connection after CONNECT from localhost[127.0.0.1]")
    c.close()


def test_handshake_has_a_deadline(server, client):
    p = server({"smtpd_starttls_timeout": "1s"})
    c = client(p.where)
    c.ehlo()
    c.say("STARTTLS")
    c.send(b"\x16")
    assert c.line() == ""
    p.logged("SSL_accept error from localhost[127.0.0.1]: Connection timed "
             "out")
    p.logged("lost connection after STARTTLS from localhost[127.0.0.1]")
    p.logged("disconnect from localhost[127.0.0.1] ehlo=1 starttls=0/1 "
             "commands=1/2")


def test_one_slow_handshake_holds_up_nobody(server, client):
    p = server({"vdeliver_front_count": "1"})
    slow = client(p.where)
    slow.ehlo()
    slow.say("STARTTLS")
    slow.send(b"\x16\x03")
    deliver(upgraded(client(p.where)))


def test_protocols_and_ciphers(server, client):
    p = server({"smtpd_tls_protocols": ">=TLSv1.3"})
    with pytest.raises(ssl.SSLError):
        upgraded(client(p.where), maximum=ssl.TLSVersion.TLSv1_2)
    upgraded(client(p.where))
    p = server({"smtpd_tls_protocols": "!TLSv1.3",
                "smtpd_tls_exclude_ciphers": "AES256"})
    c = upgraded(client(p.where))
    assert c.sock.version() == "TLSv1.2"
    assert "AES256" not in c.sock.cipher()[0]
    p = server({"smtpd_tls_security_level": "encrypt",
                "smtpd_tls_mandatory_protocols": "TLSv1.2",
                "smtpd_tls_protocols": "TLSv1.3"})
    assert upgraded(client(p.where)).sock.version() == "TLSv1.2"


def test_chain_file(server, client, ca, top):
    cert, key = ca.issue("chain.test.example")
    both = top / "chain.pem"
    both.write_bytes(key.read_bytes() + cert.read_bytes()
                     + ca.cert.read_bytes())
    p = server({"smtpd_tls_chain_files": both, "smtpd_tls_cert_file": None,
                "smtpd_tls_key_file": None})
    deliver(upgraded(client(p.where)))
    said = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-showcerts", "-connect",
         f"127.0.0.1:{p.ports[0]}", "-CAfile", ca.cert, "-brief",
         "-verify_return_error", "-verify_hostname", "chain.test.example"],
        input="QUIT\n", capture_output=True, text=True, timeout=20)
    assert "Verification: OK" in said.stdout + said.stderr


@pytest.mark.parametrize("change, why", [
    ({"smtpd_tls_key_file": "/nowhere"},
     "cannot get the private key from /nowhere: No such file"),
    ({"smtpd_tls_cert_file": "/nowhere"},
     "cannot get a certificate from /nowhere: No such file"),
    ({"smtpd_tls_cert_file": None, "smtpd_tls_key_file": None},
     "TLS without a certificate"),
    ({"smtpd_tls_security_level": "maybe"}, 'Invalid TLS level "maybe"'),
    ({"smtpd_tls_protocols": ">=TLSv9"}, '">=TLSv9" is no TLS protocol'),
    ({"smtpd_tls_ciphers": "nice"}, "smtpd_tls_ciphers = nice: write high"),
])
def test_refused_at_start(vdeliver, ca, change, why):
    cert, key = ca.issue("mail.test.example")
    p = vdeliver(config={
        "smtpd_tls_security_level": "may", "smtpd_tls_cert_file": cert,
        "smtpd_tls_key_file": key, **change})
    for args in (["-t"], ["-f"]):
        r = p.command(*args)
        assert r.returncode == 1 and why in r.stderr, r.stderr


def subject(where):
    c = Client(where)
    upgraded(c)
    der = c.sock.getpeercert(True)
    c.close()
    return ssl.DER_cert_to_PEM_cert(der)


def test_changed_certificate(server, client, ca, top):
    """Taken without a signal; a broken one changes nothing."""
    cert, key = top / "now.pem", top / "now.key"

    def put(name):
        for to, path in zip((cert, key), ca.issue(name)):
            shutil.copy(path, f"{to}.new")
            os.rename(f"{to}.new", to)

    put("one.test.example")
    p = server({"smtpd_tls_cert_file": cert, "smtpd_tls_key_file": key})
    first = subject(p.where)
    open_before = upgraded(client(p.where))
    put("two.test.example")
    p.logged("TLS: keys and certificates were read again", 20)
    # For a moment old and new fronts both take connections.
    until(lambda: all(subject(p.where) != first for _ in range(5)),
          "the second certificate", 20)
    second = subject(p.where)
    deliver(open_before)  # its connection goes on
    cert.write_text("broken\n")
    p.logged("the old certificate stays in force", 20)
    assert subject(p.where) == second
    os.kill(p.proc.pid, signal.SIGHUP)
    p.logged("the old settings stay in force")
    assert subject(p.where) == second
    put("one.test.example")
    until(lambda: subject(p.where) == first, "the first certificate", 20)


def test_keys_are_in_fronts_alone(server, client, top):
    """No worker, router or lookup has a key file open, or its key."""
    p = server()
    deliver(upgraded(client(p.where)))
    with open(p.config["smtpd_tls_key_file"], "rb") as f:
        text = subprocess.run(
            ["openssl", "ec", "-text", "-noout"], stdin=f,
            capture_output=True, text=True, check=True).stdout
    digits = text.split("priv:")[1].split("pub:")[0]
    secret = bytes.fromhex("".join(digits.split()).replace(":", ""))[-32:]
    # As OpenSSL keeps it: little end first.
    found = {name: has_bytes(pid, secret[::-1])
             for pid, name in p.pids().items()}
    fronts = {n for n, has in found.items() if has}
    assert fronts == {"vd-monitor", "vd-front"}, found


def has_bytes(pid, secret):
    with open(f"/proc/{pid}/maps") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            where, mode = line.split()[:2]
            if "rw" not in mode or "[vvar]" in line:
                continue
            start, end = (int(x, 16) for x in where.split("-"))
            mem.seek(start)
            if secret in mem.read(end - start):
                return True
    return False


def test_postfix_as_client(server, real_postfix, ca):
    """smtp(8) with verification, and lmtp(8), over STARTTLS."""
    p = server({"smtpd_tls_received_header": "yes"},
               listen=["inet:127.0.0.1:0", "lmtp:inet:127.0.0.1:0"])
    out = {"smtp_tls_CAfile": ca.cert, "smtp_tls_security_level": "secure",
           "smtp_tls_secure_cert_match": "mail.test.example",
           "lmtp_tls_CAfile": ca.cert, "lmtp_tls_security_level": "encrypt",
           "virtual_mailbox_domains": "", "virtual_alias_maps": "",
           "mynetworks": "127.0.0.0/8"}
    for number, (way, proto) in enumerate((
            (f"smtp:[127.0.0.1]:{p.ports[0]}", b"ESMTPS"),
            (f"lmtp:inet:127.0.0.1:{p.ports[1]}", b"LMTPS"))):
        q = real_postfix(config={**out, "relay_domains": "example.com",
                                 "relay_transport": way}).start()
        c = Client(q.where)
        c.ehlo()
        deliver(c, f"Subject: {number}\r\n\r\nx\r\n")
        c.close()
        mails = until(lambda n=number: len(p.new("test0")) > n
                      and p.new("test0"), "the message")
        assert any(b"with " + proto + b" id " in m for m in mails)
        q.logged("status=sent")
        q.stop()


def test_swaks(server):
    p = server()
    r = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{p.ports[0]}", "--tls", "--to", TO,
         "--from", "a@b.test"], capture_output=True, text=True, timeout=30)
    assert r.returncode == 0, r.stdout
