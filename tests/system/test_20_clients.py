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


RATES = {"smtpd_client_event_limit_exceptions": "", "mynetworks": "127.0.0.1"}


def test_rates(vdeliver, client, ca):
    cert, key = ca.issue("mail.test.example")
    p = vdeliver({**RATES, "smtpd_client_recipient_rate_limit": "1",
                  "smtpd_client_message_rate_limit": "1",
                  "smtpd_client_new_tls_session_rate_limit": "1",
                  "smtpd_tls_security_level": "may",
                  "smtpd_tls_cert_file": cert, "smtpd_tls_key_file": key,
                  "smtpd_error_sleep_time": "0"}).start()
    where = f"from localhost[127.0.0.1] for service 127.0.0.1:{p.ports[0]}"
    c = client(p.where)
    c.ehlo()
    c.say("STARTTLS")
    c.start_tls()
    assert c.say("MAIL FROM:<a@b.test>") == "250 2.1.0 Ok"
    assert c.say(f"RCPT TO:<{TO}>") == "250 2.1.5 Ok"
    assert c.say(f"RCPT TO:<{TO}>") == \
        "450 4.7.1 Error: too many recipients from 127.0.0.1"
    c.say("RSET")
    assert c.say("MAIL FROM:<a@b.test>") == \
        "450 4.7.1 Error: too much mail from 127.0.0.1"
    c = client(p.where)
    c.ehlo()
    assert c.say("STARTTLS") == ("421 4.7.0 mail.test.example Error: too many "
                                 "new TLS sessions from 127.0.0.1")
    assert c.line() == ""
    for what in ("Recipient address", "Message delivery request",
                 "New TLS session"):
        line = p.logged(f"warning: {what} rate limit exceeded: 2 {where}")
        assert "/smtpd[" in line
    assert "reject: RCPT" not in p.log()


def test_connection_rate(vdeliver, client):
    p = vdeliver({**RATES, "smtpd_client_connection_rate_limit": "1"}).start()
    assert client(p.where).greeting[0][:3] == "220"
    assert client(p.where).greeting == [
        "421 4.7.0 mail.test.example Error: too many connections from "
        "127.0.0.1"]
    p.logged("warning: Connection rate limit exceeded: 2 from "
             f"localhost[127.0.0.1] for service 127.0.0.1:{p.ports[0]}")


def test_exempt_clients_have_no_rates(vdeliver, client):
    p = vdeliver({"smtpd_client_connection_rate_limit": "1"}).start()
    for _ in range(3):
        assert client(p.where).greeting[0][:3] == "220"


def test_unknown_facility(vdeliver):
    r = vdeliver({"syslog_facility": "nonsense"}).command("-t")
    assert r.returncode == 1
    assert "parameter syslog_facility: unrecognized value: nonsense" \
        in r.stderr


@pytest.mark.parametrize("name, value", [
    ("smtpd_sasl_auth_enable", "yes"), ("smtpd_tls_wrappermode", "yes"),
    ("smtpd_tls_ask_ccert", "yes"), ("smtpd_proxy_filter", "127.0.0.1:1")])
def test_what_is_not_done_is_named(vdeliver, name, value):
    p = vdeliver({name: value})
    assert p.command("-t").stderr.count(f"{name} is not supported: ") == 1
    p.write_config(**{name: "no" if value == "yes" else ""})
    assert name not in p.command("-t").stderr
