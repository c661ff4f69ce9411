"""One message for mailboxes of several owners: all of them, or none."""

import os

from lib.smtp import Client

TO = [f"virtualuser{i}@example.com" for i in range(3)]
UIDS = "inline:{%s}" % ", ".join(f"{a}={5001 + i}" for i, a in enumerate(TO))
TEXT = b"Subject: owners\n\nHello.\n"


def start(vdeliver, **config):
    host = vdeliver({"virtual_uid_maps": UIDS, **config})
    os.chmod(host.base, 0o1777)
    (host.base / "example.com").mkdir()
    os.chmod(host.base / "example.com", 0o1777)
    return host.start()


def test_each_gets_its_own_copy(vdeliver):
    host = start(vdeliver)
    with Client(host.where) as c:
        assert c.transaction("s@remote.example", TO, TEXT,
                             "RSET").startswith("250 ")
    for i in range(3):
        (name,) = (host.maildir(f"test{i}") / "new").iterdir()
        assert name.stat().st_uid == 5001 + i


def test_all_or_nothing(vdeliver):
    """The second owner's Maildir cannot be made: nobody gets anything."""
    host = start(vdeliver)
    (host.base / "example.com" / "test1").mkdir(mode=0o700)
    with Client(host.where) as c:
        assert c.transaction("s@remote.example", TO, TEXT,
                             "RSET").startswith("451 4.2.0 ")
    assert not host.new("test0") and not host.new("test2")
    for i in (0, 2):
        assert not list((host.maildir(f"test{i}") / "tmp").iterdir())


def test_more_owners_than_workers(vdeliver):
    """The recipient too many is put off; the others do not wait for it."""
    host = start(vdeliver, vdeliver_worker_limit="2")
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        assert [c.say(f"RCPT TO:<{a}>")[:9] for a in TO] == [
            "250 2.1.5", "250 2.1.5", "452 4.5.3"]
        assert c.say("DATA").startswith("354")
        assert c.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
        assert c.transaction("s@remote.example", TO[2:], TEXT,
                             "RSET").startswith("250 ")
    assert [len(host.new(f"test{i}")) for i in range(3)] == [1, 1, 1]
