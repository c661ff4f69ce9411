"""Is there room? Said at RCPT where it is known, else after the message."""

import os
import subprocess
import time

import pytest

from lib.smtp import Client

pytestmark = pytest.mark.ours
TO = "virtualuser1@example.com"


def rcpt(host, to=TO, size=""):
    with Client(host.where) as c:
        c.say("EHLO client.example")
        assert c.say(f"MAIL FROM:<s@remote.example>{size}").startswith("250")
        return c.say(f"RCPT TO:<{to}>").strip()


def deliver(host, to=TO, text=b"Subject: x\n\nx\n"):
    with Client(host.where) as c:
        return c.transaction("s@remote.example", [to], text)


@pytest.fixture
def disk(top):
    """disk("nr_inodes=9"): a small file system, mounted."""
    paths = []

    def make(options):
        path = top / f"disk{len(paths)}"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o",
                        f"uid=5000,gid=5000,mode=755,{options}", "tmpfs",
                        path], check=True)
        paths.append(path)
        return path

    yield make
    for path in paths:
        subprocess.run(["umount", "-l", path], check=True)


def start_on(vdeliver, path, **config):
    host = vdeliver({"virtual_mailbox_base": str(path), **config})
    host.base = path
    return host.start()


def test_disk_full(vdeliver, disk):
    host = start_on(vdeliver, disk("size=4m"))
    full = "452 4.3.1 Insufficient system storage"
    assert rcpt(host).startswith("250 ")
    # What was announced is what has to fit.
    assert rcpt(host, size=" SIZE=5000000") == full
    stuffing = host.base / "stuffing"
    stuffing.write_bytes(b"x" * 3500000)
    time.sleep(1.1)  # a look may be a second old
    assert rcpt(host) == full
    assert rcpt(host, size=" SIZE=1000").startswith("250 ")
    # Who is unknown stays so.
    assert rcpt(host, "nobody@example.com").startswith("550 5.1.1 ")
    stuffing.unlink()
    time.sleep(1.1)
    assert rcpt(host).startswith("250 ")


def test_no_inodes(vdeliver, disk):
    host = start_on(vdeliver, disk("size=9m,nr_inodes=5"))
    for i in range(4):
        (host.base / f"f{i}").touch()
    assert rcpt(host).startswith("452 4.3.1 ")
    p = host.command("explain", TO)
    assert "free there:" in p.stdout and "0 inodes" in p.stdout
    assert "reply to the message: 452 4.3.1 Insufficient" in p.stdout
    host.stop()
    host.write_config(vdeliver_check_room="no")
    host.start()
    assert rcpt(host).startswith("250 ")
    assert deliver(host).startswith("451 4.3.0 ")


def give_quota(host, text):
    path = host.maildir("test1")
    for name in ("tmp", "new", "cur"):
        (path / name).mkdir(parents=True, exist_ok=True)
    (path / "maildirsize").write_text(text)
    subprocess.run(["chown", "-R", "5000:5000", host.base], check=True)
    return path / "maildirsize"


@pytest.mark.parametrize("defer,reply", [("no", "552 5.2.2"),
                                         ("yes", "452 4.2.2")])
def test_maildirsize(vdeliver, defer, reply):
    host = vdeliver({"vdeliver_overquota_defer": defer}).start()
    path = give_quota(host, "1000S\n990 3\n")
    # No worker runs, and none is started for a question.
    assert rcpt(host).startswith("250 ")
    assert "vd-worker" not in host.pids().values()
    answer = deliver(host)
    assert answer.startswith(reply), answer
    assert "Disk quota exceeded" in answer
    assert not host.new("test1") and not os.listdir(
        host.maildir("test1") / "tmp")
    # Now one runs and knows.
    assert rcpt(host).startswith("250 ")  # ten bytes are left
    assert rcpt(host, size=" SIZE=20") == (
        f"{reply} <{TO}>: Recipient address rejected: mailbox is over quota")
    path.write_text("1000S\n1000 3\n")
    assert rcpt(host, "virtualuser2@example.com").startswith("250 ")
    path.write_text("1000S\n900 3\n-500 -1\n")
    assert deliver(host).startswith("250 ")
    (name,) = (host.maildir("test1") / "new").iterdir()
    assert path.read_text() == (
        f"1000S\n900 3\n-500 -1\n{name.stat().st_size} 1\n")


def test_sizes_in_names(vdeliver):
    host = vdeliver({"vdeliver_maildir_size": "yes"}).start()
    assert deliver(host).startswith("250 ")
    (name,) = (host.maildir("test1") / "new").iterdir()
    assert name.name.endswith(f",S={name.stat().st_size}")


def test_explain_knows(vdeliver):
    host = vdeliver()
    give_quota(host, "3C\n1 3\n")
    p = host.command("explain", TO)
    assert ("reply to the message: 552 5.2.2 maildir delivery failed: "
            "maildirsize of ") in p.stdout


def test_hanging_worker(vdeliver):
    """Whoever does not answer in time has said nothing."""
    host = vdeliver().start()
    path = give_quota(host, "1000S\n")
    assert deliver(host).startswith("250 ")
    path.write_text("1000S\n1001 3\n")
    (pid,) = (p for p, name in host.pids().items() if name == "vd-worker")
    os.kill(pid, 19)
    start = time.monotonic()
    assert rcpt(host, size=" SIZE=99").startswith("250 ")
    assert 0.5 < time.monotonic() - start < 10
    os.kill(pid, 18)
    assert rcpt(host, size=" SIZE=99").startswith("552 5.2.2 ")
