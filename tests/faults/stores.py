"""Stores that are not like others: no hard links, a quota of Btrfs."""

import contextlib
import os
import subprocess

import disk
import kills
import trouble
from linkless import Linkless


class On:
    """vdeliver with its mailboxes below where, as kills has them."""

    def __init__(self, top, where, **config):
        self.host = kills.host_in(top)
        self.host.base = where / "vmail"
        self.host.write_config(virtual_mailbox_base=str(self.host.base),
                               **config)
        for name, uid in ((".", 5000), ("example.com", 5000), ("other", 5001)):
            (self.host.base / name).mkdir(exist_ok=True)
            os.chown(self.host.base / name, uid, 5000)
        self.host.start()

    def close(self):
        self.host.stop()


def no_links(top, noreplace):
    """Maildirs and mboxes, several messages; nothing stays in tmp/."""
    top.mkdir(mode=0o755)
    with contextlib.ExitStack() as stack:
        fs = Linkless(top / "fs", top / "ops", noreplace)
        stack.callback(fs.close)
        try:
            os.link("/proc/self/exe", top / "fs" / "x")
        except OSError:
            pass
        else:
            raise AssertionError("it has hard links")
        on = stack.enter_context(contextlib.closing(On(top / "host",
                                                       top / "fs")))
        for i, size in enumerate((0, 300, 5000, 100000, 3000000)):
            answer = trouble.answer_of(on.host, f"m{i}", size)
            assert answer[:3] == "250", answer + on.host.log()[-2000:]
            assert all(trouble.seen(on.host, f"m{i}").values()), size
        assert not kills.left_in_tmp(on.host), kills.left_in_tmp(on.host)
        assert not trouble.left_locks(on.host), trouble.left_locks(on.host)
    ops = (top / "ops").read_text().splitlines()
    moved = [x for x in ops if x.startswith(
        "noreplace " if noreplace else "rename ")]
    assert len(moved) >= 5, ops[-20:]
    assert noreplace or any(x.startswith("link ") for x in ops)
    return f"5 messages, {len(moved)} names by rename"


def qgroup(top, defer):
    """A quota of a subvolume: refused, and nothing half-done; then room."""
    top.mkdir(mode=0o755)
    disk.make("btrfs", top / "image")
    code = "452 4.2.2" if defer else "552 5.2.2"
    config = {"vdeliver_overquota_defer": "yes"} if defer else {}
    with contextlib.ExitStack() as stack:
        fs = disk.FileSystem("btrfs", top / "image", top / "fs")
        stack.callback(fs.close)

        def btrfs(*args):
            subprocess.run(["btrfs", *map(str, args)], check=True,
                           capture_output=True)

        btrfs("subvolume", "create", top / "fs" / "vmail")
        btrfs("quota", "enable", top / "fs")
        btrfs("quota", "rescan", "-w", top / "fs")
        btrfs("qgroup", "limit", "4M", top / "fs" / "vmail")
        on = stack.enter_context(contextlib.closing(
            On(top / "host", top / "fs", **config)))
        assert trouble.answer_of(on.host, "before", 100000)[:3] == "250"
        fill = on.host.base / "fill"
        with contextlib.suppress(OSError), open(fill, "wb") as f:
            while True:
                f.write(os.urandom(65536))
                f.flush()
                os.fsync(f.fileno())
        for size in (300, 100000, 1000000):
            answer = trouble.answer_of(on.host, f"over{size}", size)
            if answer[:3] == "250":  # what is left is enough for this one
                assert size == 300, answer
                continue
            assert answer.startswith(code), answer
            assert not any(trouble.seen(on.host, f"over{size}").values())
            assert not kills.left_in_tmp(on.host), answer
        fill.unlink()
        os.sync()
        btrfs("quota", "rescan", "-w", top / "fs")
        answer = trouble.answer_of(on.host, "after", 100000)
        assert answer[:3] == "250", answer
        assert all(trouble.seen(on.host, "after").values())
    return f"refused with {code}, then accepted"
