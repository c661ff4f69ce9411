"""POP3 with STLS."""

import pytest

from lib.mail import message
from lib.waiting import free_port


def rc(server, s, options="", host="pop.example.com"):
    return (f'poll {host} proto pop3 port {server.port} user user '
            f'pass secret is u@example.com here fetchall {options} '
            f'smtphost 127.0.0.1/{s.port}\n')


@pytest.fixture
def stls(pop3, server_tls):
    def make(name="pop.example.com", **kw):
        return pop3(messages=[message(1).replace(b"\n", b"\r\n")],
                    tls=server_tls(name), host="127.0.0.11", **kw)

    return make


def test_stls_with_a_ca_of_ours(stls, sink, ca, run_fetchmail):
    p, s = stls(), sink()
    r = run_fetchmail(rc(p, s), SSL_CERT_FILE=ca.cert)
    assert r.returncode == 0, r.stderr
    assert len(s.messages) == 1 and p.messages == []
    assert p.seen.index("STLS") < p.seen.index("USER user")
    assert p.seen.count("CAPA") == 2  # and again under TLS: RFC 2595 4


def test_sslcertfile(stls, sink, ca, run_fetchmail):
    p, s = stls(), sink()
    r = run_fetchmail(rc(p, s, f"sslcertfile {ca.cert}"),
                      SSL_CERT_FILE="/dev/null")
    assert r.returncode == 0, r.stderr


def test_unknown_ca(stls, sink, run_fetchmail):
    p, s = stls(), sink()
    r = run_fetchmail(rc(p, s), SSL_CERT_FILE="/dev/null")
    assert r.returncode == 2
    assert "Server certificate verification error: " in r.stdout + r.stderr
    assert "PASS secret" not in p.seen and len(p.messages) == 1


@pytest.mark.ours
@pytest.mark.parametrize("name", ["pop.example.com", "impostor.example.com"])
def test_without_sslcertck_a_warning(stls, sink, ca, run_fetchmail, name):
    p, s = stls(name), sink()
    r = run_fetchmail(rc(p, s, "no sslcertck"), SSL_CERT_FILE=ca.cert)
    assert r.returncode == 0 and "STLS" in p.seen
    assert ("is not safe" in r.stderr) == (name != "pop.example.com")
    p.messages.append(message(2).replace(b"\n", b"\r\n"))
    r = run_fetchmail(rc(p, s, "no sslcertck"), SSL_CERT_FILE="/dev/null")
    assert r.returncode == 0 and "is not safe" in r.stderr


@pytest.mark.ours
def test_default_anchors_besides(stls, sink, ca, top, run_fetchmail):
    other = top / "none.pem"
    other.write_bytes(ca.issue("other.example.com")[0].read_bytes())
    p, s = stls(), sink()
    rules = rc(p, s, f"sslcertfile {other}")
    assert run_fetchmail(rules, SSL_CERT_FILE=ca.cert).returncode == 2
    assert run_fetchmail(rules, SSL_CERT_FILE=ca.cert,
                         FETCHMAIL_INCLUDE_DEFAULT_X509_CA_CERTS="1"
                         ).returncode == 0


def test_wrong_name(stls, sink, ca, run_fetchmail):
    p, s = stls("impostor.example.com"), sink()
    r = run_fetchmail(rc(p, s), SSL_CERT_FILE=ca.cert)
    assert r.returncode == 2
    assert "PASS secret" not in p.seen and len(p.messages) == 1


def test_plain_text_before_the_handshake_is_forgotten(stls, sink, ca,
                                                      run_fetchmail):
    """Somebody on the line adds an answer behind the one to STLS."""
    p, s = stls(), sink()

    def inject(line, arg):
        line.raw(b"+OK\r\n-ERR injected\r\n")
        line.start_tls(p.tls)
        return []

    p.answers["STLS"] = inject
    r = run_fetchmail(rc(p, s), SSL_CERT_FILE=ca.cert)
    said = r.stdout + r.stderr
    assert "injected" not in said
    assert r.returncode in (0, 2), said


@pytest.mark.ours
def test_loopback_needs_no_tls(pop3, sink, run_fetchmail):
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")], host="127.0.0.11")
    s = sink()
    r = run_fetchmail(rc(p, s))
    assert r.returncode == 0, r.stderr
    assert len(s.messages) == 1


@pytest.fixture
def far_away(run):
    """An address of this machine that is not loopback."""
    run("ip", "addr", "add", "192.0.2.9/32", "dev", "lo")
    yield "192.0.2.9"
    run("ip", "addr", "del", "192.0.2.9/32", "dev", "lo")


def test_server_without_tls_is_refused(pop3, sink, far_away, run_fetchmail):
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")], host=far_away)
    s = sink()
    r = run_fetchmail(rc(p, s, "", far_away + " no dns"))
    assert r.returncode == 2
    assert f"{far_away}: upgrade to TLS failed." in r.stdout + r.stderr
    assert "PASS secret" not in p.seen and len(p.messages) == 1


@pytest.mark.ours
def test_the_refusal_names_the_ways_out(pop3, sink, far_away, run_fetchmail):
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")], host=far_away)
    r = run_fetchmail(rc(p, sink(), "", far_away + " no dns"))
    for way in ("ssl", "sslproto ''", "sslcertfile"):
        assert way in r.stderr


def test_told_to_do_without(pop3, sink, far_away, run_fetchmail):
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")], host=far_away)
    s = sink()
    r = run_fetchmail(rc(p, s, "sslproto ''", far_away + " no dns"))
    assert r.returncode == 0, r.stderr
    assert len(s.messages) == 1


def test_dovecot(dovecot, sink, ca, run_fetchmail):
    server = dovecot({"user": "secret"}, tls=True, listen=["127.0.0.11"],
                     port=free_port("127.0.0.11"))
    server.deliver("user", message(1))
    server.start()
    s = sink()
    r = run_fetchmail(rc(server, s), "-v", SSL_CERT_FILE=ca.cert)
    assert r.returncode == 0, r.stderr
    assert "POP3> STLS" in r.stdout + r.stderr
    assert len(s.messages) == 1
    server.settled("user", 0)
