"""What clients are, and may: lists of main.cf that name them or their words."""

import smtplib

import pytest

from lib.smtp import Client, send

pytestmark = pytest.mark.ours
USER = "virtualuser1@example.com"
BARE = b"Subject: no date\n\nx\n"


def gains_headers(host):
    assert send(host.where, "s@remote.example", USER, BARE)[:3] == "250"
    text, = host.new("test1")
    return b"\nDate: " in text


@pytest.mark.parametrize("clients,networks,gains", [
    ("permit_inet_interfaces", "192.0.2.0/24", True),
    ("permit_mynetworks", "192.0.2.0/24", False),
    ("permit_sasl_authenticated permit_mynetworks", "127.0.0.0/8", True),
    ("check_address_map inline:{127.0.0.1=x}", "192.0.2.0/24", True),
    ("check_address_map inline:{192.0.2.1=x}", "192.0.2.0/24", False),
    ("permit_tls_clientcerts, cidr:{{127.0.0.0/8 x}}", "192.0.2.0/24", True),
    ("", "127.0.0.0/8", False)])
def test_whose_headers_are_completed(vdeliver, clients, networks, gains):
    host = vdeliver({"local_header_rewrite_clients": clients,
                     "mynetworks": networks}).start()
    assert gains_headers(host) == gains


@pytest.mark.parametrize("style,code", [("host", 454), ("class", 250),
                                        ("subnet", 250)])
def test_own_networks(vdeliver, sink, style, code):
    host = vdeliver({"mynetworks_style": style, "mynetworks": None,
                     "relayhost": f"[127.0.0.1]:{sink().port}"}).start()
    with smtplib.SMTP(*host.where, source_address=("127.0.0.2", 0)) as c:
        c.ehlo("x.test")
        c.mail("s@remote.example")
        assert c.rcpt("friend@other.test")[0] == code


def test_own_networks_of_no_style(vdeliver):
    host = vdeliver({"mynetworks_style": "any", "mynetworks": None})
    p = host.command("-t")
    assert p.returncode == 1
    assert 'unknown mynetworks mask style value "any"' in p.stderr


def test_foreign_words(vdeliver):
    host = vdeliver({"smtpd_forbidden_commands":
                     "regexp:{{/^x/ foreign}} inline:{noop=x}"}).start()
    for word, code in [("XTOOL", 221), ("noop", 250), ("get", 500),
                       ("9", 500), ("Subject: x", 221)]:
        with smtplib.SMTP(*host.where) as c:
            assert c.docmd(word)[0] == code, word


def test_foreign_words_in_a_file(vdeliver):
    host = vdeliver({"smtpd_forbidden_commands": "hash:/etc/words"})
    p = host.command("-t")
    assert p.returncode == 1
    assert "fatal: smtpd_forbidden_commands: only words" in p.stderr


def test_local_users_have_mailboxes(vdeliver):
    host = vdeliver({"local_transport": "virtual",
                     "mydestination": "localhost",
                     "virtual_mailbox_maps": "inline:{test1=test1/}",
                     "virtual_uid_maps": "static:5000",
                     "virtual_gid_maps": "static:5000"}).start()
    assert send(host.where, "s@x.test", "test1@localhost", BARE).startswith(
        "250")
    assert len(list((host.base / "test1/new").iterdir())) == 1
    assert send(host.where, "s@x.test", "test2@localhost", BARE).startswith(
        "550 5.1.1 <test2@localhost>: Recipient address rejected: "
        "User unknown in local recipient table")


@pytest.mark.parametrize("restrictions,text", [
    ("reject", "554 5.7.1 <friend@other.test>: Recipient address rejected: "
     "Access denied"),
    ("defer", "450 4.3.2 <friend@other.test>: Recipient address rejected: "
     "Try again later"),
    ("reject_unauth_destination",
     "554 5.7.1 <friend@other.test>: Relay access denied"),
    ("defer_unauth_destination",
     "454 4.7.1 <friend@other.test>: Relay access denied"),
    ("permit_auth_destination, reject",
     "554 5.7.1 <friend@other.test>: Recipient address rejected: "
     "Access denied"),
    ("permit_mynetworks, reject", "250 2.1.5 Ok")])
def test_relay_restrictions_as_postfix(vdeliver, real_postfix, sink,
                                       restrictions, text):
    for make in (vdeliver, real_postfix):
        host = make({"smtpd_relay_restrictions": restrictions,
                     "mynetworks": "127.0.0.0/8",
                     "relayhost": f"[127.0.0.1]:{sink().port}"}).start()
        with Client(host.where) as c:
            c.say("EHLO x.test")
            c.say("MAIL FROM:<s@remote.example>")
            assert c.say("RCPT TO:<friend@other.test>") == text, make


def test_relay_restrictions_that_permit_all(vdeliver):
    """As smtpd, which does not run with it."""
    host = vdeliver({"smtpd_relay_restrictions": "permit, reject"})
    p = host.command("-t")
    assert p.returncode == 1
    assert "specify at least one working instance of" in p.stderr


EIGHT = b"MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"


@pytest.mark.parametrize("name,text,refused", [
    ("strict_8bitmime_body", b"A: b\n\n\xc3\xa9\n", "body"),
    ("strict_8bitmime_body", b"A: \xc3\xa9\n\nb\n", None),
    ("strict_8bitmime_body", EIGHT + b"\n\xc3\xa9\n", None),
    ("strict_8bitmime_body", EIGHT + b"Content-Type: multipart/mixed;\n"
     b" boundary=x\n\n--x\n\n\xc3\xa9\n--x--\n", "body"),
    ("strict_8bitmime_body", b"Content-Transfer-Encoding: base64\n\n\xc3\n",
     None),
    ("strict_8bitmime", b"A: \xc3\xa9\n\nb\n", "header"),
    ("strict_8bitmime", b"A: b\n\n\xc3\xa9\n", "body"),
    ("strict_8bitmime", EIGHT + b"\n\xc3\xa9\n", None)])
def test_eight_bits_as_postfix(vdeliver, real_postfix, name, text, refused):
    for make in (real_postfix, vdeliver):
        host = make({name: "yes"}).start()
        answer = send(host.where, "s@remote.example", USER, text)
        assert answer.startswith(
            "550 5.6.0 improper use of 8-bit data in message " + refused
            if refused else "250 2.0.0 Ok"), make
