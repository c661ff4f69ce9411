"""Trouble of our own is a 4xx to the client, and nothing is lost."""

import os
import subprocess

import pytest

from lib import maildir
from lib.fetchmail import PLAIN
from lib.mail import message, stamped, whole
from lib.smtp import Client, send

TO = "virtualuser1@example.com"


def refusal(host, octets=None):
    """The answer that ends the attempt, at RCPT or after the dot."""
    return send(host.where, "s@remote.example", TO, octets or message(1))


def nothing_stored(host):
    path = host.maildir("test1")
    for sub in ("new", "tmp"):
        assert not (path / sub).exists() or not os.listdir(path / sub)


@pytest.mark.ours
@pytest.mark.parametrize("config, code", [
    ({"virtual_uid_maps": "static:4999"}, "451 4.3.5 "),
    ({"virtual_uid_maps": "static:0", "virtual_minimum_uid": "1"},
     "451 4.3.5 "),
    ({"virtual_gid_maps": "static:0"}, "451 4.3.5 "),
    ({"virtual_uid_maps": "static:5000x"}, "451 4.3.5 "),
    ({"virtual_uid_maps": ""}, "451 4.3.5 "),
    ({"virtual_mailbox_maps": "hash:/nowhere/vmailbox"}, "451 4.3.0 "),
    ({"virtual_alias_maps": "hash:/nowhere/virtual"}, "451 4.3.0 "),
    ({"virtual_mailbox_maps": "nosuchtype:/nowhere"}, "451 4.3.0 "),
    ({"virtual_mailbox_maps": "static:a/../../b/"}, "451 4.3.5 "),
], ids=str)
def test_bad_configuration(vdeliver, config, code):
    host = vdeliver(config).start()
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        assert c.say(f"RCPT TO:<{TO}>").startswith(code), host.log()
    nothing_stored(host)


@pytest.mark.ours
def test_directory_that_the_owner_cannot_enter(vdeliver):
    host = vdeliver().start()
    domain = host.base / "example.com"
    domain.mkdir(mode=0o700)  # root's
    answer = refusal(host)
    assert answer.startswith("451 4.2.0 "), answer
    host.logged("status=deferred (maildir delivery failed: create maildir "
                "file ")
    host.logged("perhaps you need to create the maildirs in advance")
    os.chown(domain, 5000, 5000)
    assert refusal(host).startswith("250 ")
    assert len(host.new("test1")) == 1


@pytest.fixture
def small_disk(top):
    """A file system that holds some 100 kB."""
    path = top / "small"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o",
                    "size=128k,uid=5000,gid=5000,mode=755", "tmpfs", path],
                   check=True)
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.ours
@pytest.mark.parametrize("look", ["yes", "no"])
def test_full_disk(vdeliver, small_disk, look):
    host = vdeliver({"virtual_mailbox_base": str(small_disk),
                     "vdeliver_check_room": look})
    host.base = small_disk
    host.start()
    stuffing = small_disk / "stuffing"
    stuffing.write_bytes(b"x" * 90000)
    octets = stamped("big", 80000)
    answer = refusal(host, octets)
    assert answer[:10] in ("452 4.3.1 ", "452 4.3.0 ", "451 4.3.0 "), answer
    nothing_stored(host)
    stuffing.unlink()
    # Small enough now, but the look at RCPT wants a megabyte without SIZE.
    host.stop()
    host.write_config(vdeliver_check_room="no")
    host.start()
    assert refusal(host, octets).startswith("250 "), host.log()
    assert [whole(m) for m in host.new("test1")] == ["big"]


@pytest.mark.ours
def test_fetchmail_keeps_what_vdeliver_cannot_store(vdeliver, pop3,
                                                    run_fetchmail):
    host = vdeliver({"virtual_mailbox_maps": "hash:/nowhere/vmailbox"}).start()
    p = pop3(messages=[message(i).replace(b"\n", b"\r\n") for i in range(3)])
    rc = (f'poll 127.0.0.1 proto pop3 port {p.port} user user pass secret '
          f'is {TO} here {PLAIN} fetchall smtphost 127.0.0.1/{host.ports[0]}')
    r = run_fetchmail(rc)
    assert r.returncode == 0
    assert "SMTP error: 451 4.3.0 " in r.stderr
    assert len(p.messages) == 3
    host.write_config(virtual_mailbox_maps=f"hash:{host.dir}/vmailbox")
    host.stop()
    host.start()
    r = run_fetchmail(rc.rpartition("/")[0] + f"/{host.ports[0]}")
    assert r.returncode == 0 and p.messages == []
    assert len(host.new("test1")) == 3
    maildir.check(host.maildir("test1"))
