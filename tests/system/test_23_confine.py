"""vdeliver_confine: links lead nowhere but into the store."""

import os
import re

import pytest

from lib.smtp import Client

pytestmark = pytest.mark.ours
MAPS = {"vmailbox": "in@example.com in/\nout@example.com out/\n"
                    "tmp@example.com half/\nbox@example.com boxes/box\n"
                    "outbox@example.com outbox\nnew@example.com sub/new/\n"}


def deliver(host, name, text=b"Subject: x\n\nx\n"):
    with Client(host.where) as c:
        return c.transaction("s@remote.example", [f"{name}@example.com"], text)


@pytest.fixture
def store(vdeliver, top):
    """A store with links, started with vdeliver_confine as wanted."""
    def make(confine):
        host = vdeliver({"vdeliver_confine": confine}, MAPS)
        outside = top / "outside"
        for path in (outside, outside / "tmp", host.base / "really",
                     host.base / "half", host.base / "half" / "new",
                     host.base / "boxes"):
            path.mkdir()
            os.chown(path, 5000, 5000)
        (outside / "box").touch()
        os.chown(outside / "box", 5000, 5000)
        (host.base / "in").symlink_to("really")
        (host.base / "out").symlink_to("../../outside")
        (host.base / "half" / "tmp").symlink_to(outside / "tmp")
        (host.base / "outbox").symlink_to(outside / "box")
        return host.start(), outside

    return make


def test_links_lead_out(store):
    """Without it a link is followed, as in the original."""
    host, outside = store("no")
    assert deliver(host, "out").startswith("250 ")
    assert len(list((outside / "new").iterdir())) == 1


def test_confined(store):
    host, outside = store("yes")
    # All that stays within works as ever.
    for name in ("in", "new", "box"):
        assert deliver(host, name).startswith("250 "), name
    assert deliver(host, "in", b"Subject: big\n\n" + b"x" * 70 * 9999
                   ).startswith("250 ")
    assert len(list((host.base / "really" / "new").iterdir())) == 2
    (name,) = os.listdir(host.base / "sub" / "new" / "new")
    assert re.fullmatch(r"\d+\.V[0-9a-f]+I[0-9a-f]+M\d+\.[^:/]+", name)
    # In local time, which is read before.
    assert (host.base / "boxes" / "box").read_text().startswith("From s@")
    for name, link in [("out", "out"), ("tmp", "half/tmp"),
                       ("outbox", "outbox")]:
        answer = deliver(host, name)
        assert answer.startswith("451 4.2.0 "), answer
        assert "leads out of virtual_mailbox_base" in answer
        host.logged(f"warning: {host.base}/{link} is a link to ")
        p = host.command("explain", f"{name}@example.com")
        assert "reply to the message: 451 4.2.0 " in p.stdout
    assert not os.listdir(outside / "tmp") and not (outside / "new").exists()
    assert (outside / "box").stat().st_size == 0


@pytest.mark.parametrize("confine,reply", [("no", "552"), ("yes", "250")])
def test_worker_is_confined(store, confine, reply):
    """What nobody looks at first is out of reach, too: a folder that is a
    link, and counted for the quota without Landlock."""
    host, outside = store(confine)
    (outside / "cur").mkdir()
    (outside / "cur" / "1.a.h,S=900:2,S").touch()
    box = host.base / "really"
    (box / ".Out").symlink_to(outside)
    (box / "maildirsize").write_text("1000S\n2000 1\n")
    os.chown(box / "maildirsize", 5000, 5000)
    os.utime(box / "maildirsize", (1000, 1000))
    assert deliver(host, "in").startswith(reply)


def test_check_tells(store):
    host, _ = store("yes")
    p = host.command("check")
    assert p.returncode == 1
    assert f"wrong: link {host.base}/out leads out of" in p.stdout
    assert "base/in leads" not in p.stdout
