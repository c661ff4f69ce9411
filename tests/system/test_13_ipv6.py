"""IPv6 wherever IPv4 works."""

import re

import pytest

from lib.fetchmail import PLAIN
from lib.mail import fetched, message, unstack
from lib.smtp import send
from lib.waiting import free_port, until

TO = "virtualuser1@example.com"


def test_smtp(vdeliver):
    host = vdeliver(listen=["inet:[::1]:0"]).start()
    assert send(("::1", host.ports[0]), "s@remote.example", TO,
                message(1)).startswith("250 ")


def test_received_line(vdeliver):
    host = vdeliver(listen=["inet:[::1]:0"]).start()
    send(("::1", host.ports[0]), "s@remote.example", TO, message(1))
    until(lambda: host.new("test1"), "delivery")
    fields, _ = unstack(host.new("test1")[0])
    assert re.match(r"from client\.example \(localhost \[IPv6:::1\]\)\n",
                    fields["Received"]), fields


@pytest.mark.ours
def test_lmtp(vdeliver):
    host = vdeliver(listen=["lmtp:inet:[::1]:0"]).start()
    assert send(("::1", host.ports[0]), "s@remote.example", TO, message(1),
                lmtp=True).startswith("250 ")


@pytest.mark.parametrize("options", [
    'poll pop.example.com via "::1"', 'poll "::1"', "poll localhost"])
def test_collecting(pop3, sink, run_fetchmail, options):
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")], host="::1")
    s = sink(host="::1")
    r = run_fetchmail(f'{options} proto pop3 port {p.port} no dns user user '
                      f'pass secret is u@example.com here {PLAIN} fetchall '
                      f'smtphost "::1/{s.port}"\n')
    assert r.returncode == 0, r.stdout + r.stderr
    assert len(s.messages) == 1 and p.messages == []


def test_address_in_the_received_line(pop3, sink, run_fetchmail):
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")], host="::1")
    s = sink(host="::1")
    run_fetchmail(f'poll localhost proto pop3 port {p.port} user user '
                  f'pass secret is u@example.com here {PLAIN} fetchall '
                  f'smtphost "::1/{s.port}"\n')
    parts, _ = fetched(s.messages[0]["data"].replace(b"\r\n", b"\n"))
    assert parts["ip"] == "::1"


def test_a_name_with_both_falls_back(pop3, sink, run_fetchmail):
    """localhost is ::1 first; what listens on 127.0.0.1 alone is found."""
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")])
    s = sink()
    r = run_fetchmail(f'poll localhost proto pop3 port {p.port} user user '
                      f'pass secret is u@example.com here {PLAIN} fetchall '
                      f'smtphost localhost/{s.port}\n')
    assert r.returncode == 0, r.stdout + r.stderr
    assert len(s.messages) == 1


def test_the_whole_way(vdeliver, dovecot, run_fetchmail):
    host = vdeliver(listen=["inet:[::1]:0"]).start()
    pop = dovecot({"user": "secret"}, listen=["::1"], port=free_port("::1"))
    pop.deliver("user", message(1))
    pop.start()
    r = run_fetchmail(f'poll pop.example.com via "::1" proto pop3 '
                      f'port {pop.port} no dns user user pass secret '
                      f'is {TO} here {PLAIN} fetchall '
                      f'smtphost "::1/{host.ports[0]}"\n')
    assert r.returncode == 0, r.stdout + r.stderr
    pop.settled("user", 0)
    until(lambda: len(host.new("test1")) == 1, "delivery")
