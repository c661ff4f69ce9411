"""Lists of clients: XCLIENT, XFORWARD, bare newlines, rates."""

import pytest

from lib.client import Client
from lib.waiting import until

pytestmark = pytest.mark.ours

TO = "virtualuser0@example.com"
LF_MAIL = b"Subject: x\n\nhello\n.\n"


@pytest.fixture
def client(closing):
    return lambda *args, **kw: closing(Client(*args, **kw))


def to_data(c):
    c.ehlo()
    assert c.say("MAIL FROM:<a@b.test>")[:3] == "250"
    assert c.say(f"RCPT TO:<{TO}>")[:3] == "250"
    assert c.say("DATA")[:3] == "354"


def test_xclient_loses_trust(vdeliver, client):
    p = vdeliver({"smtpd_authorized_xclient_hosts": "127.0.0.0/8"}).start()
    c = client(p.where)
    assert "XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR " \
        "DESTPORT" in c.ehlo()
    assert c.say("XCLIENT NAME=ext.test ADDR=192.0.2.1") == \
        "220 mail.test.example ESMTP Postfix"
    assert not any(k.startswith("XCLIENT") for k in c.ehlo())
    c.say("MAIL FROM:<a@b.test>")
    assert c.say("RCPT TO:<x@other.test>") == \
        "454 4.7.1 <x@other.test>: Relay access denied"
    p.logged("reject: RCPT from ext.test[192.0.2.1]: 454")
    c = client(p.where)
    assert c.say("XCLIENT ADDR=127.0.0.2")[:3] == "220"
    assert any(k.startswith("XCLIENT") for k in c.ehlo())


def test_by_name_and_by_table(vdeliver, client):
    for hosts in ("localhost", "192.0.2.1, !10.0.0.1, inline:{127.0.0.1=x}"):
        p = vdeliver({"smtpd_authorized_xforward_hosts": hosts}).start()
        assert any(k.startswith("XFORWARD") for k in client(p.where).ehlo())


@pytest.mark.parametrize("exclusions, lf_dot", [
    (None, False), ("", False), ("192.0.2.1", False), ("127.0.0.1", True),
    ("inline:{127.0.0.1=x}", True), ("$mynetworks", True)])
def test_only_excluded_clients_end_data_by_lf(vdeliver, client, exclusions,
                                              lf_dot):
    p = vdeliver({"smtpd_forbid_bare_newline_exclusions": exclusions,
                  "mynetworks": "127.0.0.0/8"},
                 listen=["inet:127.0.0.1:0"]).start()
    c = client(p.where)
    to_data(c)
    c.send(LF_MAIL)
    if not lf_dot:
        c.send(b"more\r\n.\r\n")
    assert "queued as" in c.reply()[0]
    mail, = p.new("test0")
    assert (b"\nmore\n" in mail) != lf_dot


def test_postfix_forwards(vdeliver, real_postfix, client):
    """smtp(8) tells who its client was."""
    p = vdeliver({"smtpd_authorized_xforward_hosts": "127.0.0.1"}).start()
    q = real_postfix(config={
        "virtual_mailbox_domains": "", "virtual_alias_maps": "",
        "relay_domains": "example.com", "smtp_send_xforward_command": "yes",
        "smtp_tls_security_level": "none",
        "relay_transport": f"smtp:[127.0.0.1]:{p.ports[0]}"}).start()
    c = client(q.where)
    to_data(c)
    assert c.say("Subject: x\r\n\r\nx\r\n.")[:3] == "250"
    until(lambda: p.new("test0"), "the message")
    assert ", orig_client=localhost[127.0.0.1]" in p.logged("client=")
    p.logged("xforward=")
