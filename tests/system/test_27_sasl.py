"""relayhost wants a login: smtp_sasl_*."""

import base64

import pytest

from lib.mail import message
from lib.smtp import send

pytestmark = pytest.mark.ours
OUT = "friend@other.test"
PLAIN = "AUTH PLAIN " + base64.b64encode(b"\0me\0se:cret").decode()
EHLO = "250-sink\r\n250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES"


@pytest.fixture
def login(vdeliver, sink):
    """login(answers, parameters) → (host, sink): a sink that offers AUTH."""

    def make(key="[127.0.0.1]:{port}", answers=None, **config):
        there = sink({"EHLO": EHLO, "AUTH": "235 2.7.0 welcome",
                      **(answers or {})})
        host = vdeliver({
            "relayhost": f"[127.0.0.1]:{there.port}",
            "smtp_sasl_auth_enable": "yes",
            "smtp_sasl_security_options": "noanonymous", **config},
            maps={"sasl": f"{key.format(port=there.port)} me:se:cret\n"})
        host.write_config(
            smtp_sasl_password_maps=f"hash:{host.dir}/sasl")
        return host.start(), there

    return make


def secret_is_kept(host):
    log = host.log() + host.stderr()
    return "se:cret" not in log and PLAIN[11:] not in log


@pytest.mark.parametrize("key", ["127.0.0.1", "[127.0.0.1]:{port}"])
def test_it_logs_in(login, key):
    host, there = login(key)
    assert send(host.where, "s@remote.example", OUT,
                message(1)).startswith("250 ")
    assert there.wait(1)[0]["rcpt"] == [OUT]
    assert there.seen[1] == PLAIN and secret_is_kept(host)


def test_somebody_elses_password(login):
    host, there = login("[127.0.0.1]:1")
    assert send(host.where, "s@remote.example", OUT,
                message(1)).startswith("250 ")
    assert not [x for x in there.seen if x.startswith("AUTH")]


def test_a_wrong_password_defers(login):
    host, there = login(answers={"AUTH": "535 5.7.8 bad password"})
    answer = send(host.where, "s@remote.example", OUT, message(1))
    assert answer.startswith("451 4.7.8 SASL authentication failed; server "
                             "127.0.0.1[127.0.0.1] said: 535 5.7.8 bad")
    assert "status=deferred" in host.logged("dsn=4.7.8")
    assert not there.messages and secret_is_kept(host)


def test_a_plain_password_needs_leave(login):
    host, there = login(smtp_sasl_security_options=None)
    answer = send(host.where, "s@remote.example", OUT, message(1))
    assert answer.startswith("451 4.7.0 SASL authentication failed")
    assert "no compatible authentication mechanisms" in answer
    assert not [x for x in there.seen if x.startswith("AUTH")]


@pytest.mark.parametrize("config, want", [
    ({}, "requires smtp_sasl_password_maps"),
    ({"smtp_sasl_password_maps": "static:u:p", "smtp_sasl_type": "dovecot"},
     "smtp_sasl_type = dovecot is not supported"),
    ({"smtp_sasl_password_maps": "static:u:p",
      "smtp_sasl_tls_security_options": "noplain"}, "unknown option: noplain"),
    ({"smtp_sasl_password_maps": "static:u:p",
      "smtp_sasl_mechanism_filter": "hash:/x"}, "hash:/x is not supported"),
    ({"smtp_sasl_password_maps": "static:u:p",
      "smtp_sender_dependent_authentication": "yes"}, "is not supported"),
    ({"smtp_sasl_password_maps": "static:u:p",
      "smtp_sasl_auth_soft_bounce": "no"}, "is not supported"),
])
def test_what_cannot_be_done_is_said(vdeliver, config, want):
    host = vdeliver({"relayhost": "[127.0.0.1]:1",
                     "smtp_sasl_auth_enable": "yes", **config})
    done = host.command("-f")
    assert done.returncode != 0 and want in done.stderr + host.log()


ORDER = "127.0.0.1 host:a\n[127.0.0.1]:{port} dest:b\n"


@pytest.mark.parametrize("table,answer,login,text", [
    (ORDER, "235 2.7.0 welcome", "host:a", "status=sent"),
    ("[127.0.0.1]:{port} dest:b\n", "235 2.7.0 welcome", "dest:b",
     "status=sent"),
    ("[127.0.0.1] dest:b\n", "235 2.7.0 welcome", None, "status=sent"),
    (ORDER, "535 5.7.8 bad password", "host:a",
     "dsn=4.7.8, status=deferred (SASL authentication failed; server "
     "127.0.0.1[127.0.0.1] said: 535 5.7.8 bad password)"),
    (ORDER, "535 bad password", "host:a",
     "dsn=4.0.0, status=deferred (SASL authentication failed; server "
     "127.0.0.1[127.0.0.1] said: 535 bad password)"),
    (ORDER, "454 4.7.0 later", "host:a",
     "dsn=4.7.0, status=deferred (SASL authentication failed; server "
     "127.0.0.1[127.0.0.1] said: 454 4.7.0 later)"),
    (ORDER, None, None,
     "dsn=4.7.0, status=deferred (SASL authentication failed: server "
     "127.0.0.1[127.0.0.1] offered no compatible authentication mechanisms "
     "for this type of connection security)")])
def test_logins_as_postfix(vdeliver, real_postfix, sink, table, answer, login,
                           text):
    """The order of the table's keys, and what is said when it fails."""
    for make in (real_postfix, vdeliver):
        ehlo = EHLO if answer else EHLO.replace("PLAIN LOGIN", "GSSAPI")
        there = sink({"EHLO": ehlo, "AUTH": answer})
        host = make({"relayhost": f"[127.0.0.1]:{there.port}",
                     "smtp_sasl_auth_enable": "yes",
                     "smtp_sasl_security_options": "noanonymous",
                     "smtp_sasl_mechanism_filter": "plain"},
                    maps={"sasl": table.format(port=there.port)})
        host.write_config(smtp_sasl_password_maps=f"hash:{host.dir}/sasl")
        host.start()
        send(host.where, "s@remote.example", OUT, message(1))
        assert text in host.logged("to=<friend@other.test>"), make
        said = [x.split(" ")[2] for x in there.seen if x.startswith("AUTH")]
        assert said[:1] == ([base64.b64encode(b"\0" + login.replace(
            ":", "\0").encode()).decode()] if login else [])
