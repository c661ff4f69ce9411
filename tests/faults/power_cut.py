"""After a power cut, every message that was answered with 250 is there."""

import os
import shutil
import subprocess

import cuts
import disk
from lib.daemon import Vdeliver
from load import Load
from wrong import MISTAKES, Server


def boxes():
    """{address: path}: Maildirs, some in directories to be made, and mboxes;
    those below other/ belong to another user."""
    out = {f"u{i}@example.com": f"d{i % 7}/u{i}/" for i in range(40)}
    out.update({f"m{i}@example.com": f"boxes/m{i}" for i in range(4)})
    out.update({f"o{i}@example.com": f"other/o{i}/" for i in range(6)})
    return out


class Rig:
    """A file system on a disk that writes down; its base is vmail."""

    def __init__(self, top, kind):
        self.top, self.kind = top, kind
        top.mkdir(mode=0o755)
        disk.make(kind, top / "image")
        shutil.copy(top / "image", top / "base")
        self.recorder = disk.Recorder(top, top / "image")
        self.fs = disk.FileSystem(kind, self.recorder.file, top / "fs")
        self.vmail = top / "fs" / "vmail"
        self.vmail.mkdir()

    def begin(self):
        subprocess.run(["sync", "-f", self.vmail], check=True)
        self.began = self.recorder.count()

    def close(self):
        self.fs.close()
        self.recorder.close()
        self.log = cuts.Log(self.recorder.log)

    def cut(self, acked, boxes_, count, seed):
        """[(cut, share, what is wrong)] of those where something is."""
        rng, found = cuts.rng_of(seed), []
        end = max(mark for mark, _, _ in acked)
        self.log.records = self.log.records[:end + 50]
        points = cuts.choose(self.log, self.began, [m for m, _, _ in acked],
                             count, rng)
        builder = cuts.Builder(self.top / "base", self.log, self.top, rng)
        for point, share in points:
            wrong = cuts.check(self.kind, builder.build(point, share),
                               self.top / "after", acked, point, boxes_)
            if wrong:
                found.append((point, share, wrong))
        return found


def find_mistake(top, mistake, count=12, seed=1):
    """The same look at a server that is wrong on purpose."""
    rig = Rig(top, "ext4")
    where = {f"u{i}@example.com": f"u{i}/" for i in range(5)}
    server = Server(rig.vmail, where, mistake)
    rig.begin()
    load = Load(None, ("127.0.0.1", server.port), where, rig.recorder.count,
                seed).run(2, 10)
    server.close()
    rig.close()
    found = rig.cut(load.acked, where, count, seed)
    shutil.rmtree(top)
    if mistake == MISTAKES[0]:
        assert not found, found[0]
        return f"{count} cuts, nothing lost"
    assert found, "nothing was found: this test has no teeth"
    return f"found after {len(found)} of {count} cuts: {found[0][2][0]}"


def host_on(rig, sync):
    host = Vdeliver(
        rig.top / "host",
        {"virtual_mailbox_base": str(rig.vmail), "vdeliver_sync": sync,
         "virtual_uid_maps": "hash:" + str(rig.top / "host/etc/uids")},
        {"vmailbox": "".join(f"{a} {p}\n" for a, p in boxes().items()),
         "uids": "".join(f"{a} {5001 if p.startswith('other') else 5000}\n"
                         for a, p in boxes().items())},
        listen=["inet:127.0.0.1:0", "lmtp:inet:127.0.0.1:0"])
    host.write_config()
    os.chown(rig.vmail, 5000, 5000)
    for name, uid in (("boxes", 5000), ("other", 5001)):
        (rig.vmail / name).mkdir()
        os.chown(rig.vmail / name, uid, 5000)
    return host.start()


def survive(top, kind, sync, count, seed):
    """vdeliver itself, by each order of syncs that it has there."""
    rig = Rig(top, kind)
    host = host_on(rig, sync)
    rig.begin()
    load = Load(host.where, ("127.0.0.1", host.ports[1]), boxes(),
                rig.recorder.count, seed).run(6, 8 + count // 6)
    host.stop()
    rig.close()
    assert not load.refused, load.refused[0] + host.log()[-2000:]
    found = rig.cut(load.acked, boxes(), count, seed)
    flushes = sum(1 for r in rig.log.records if not r[1])
    said = (f"{len(load.acked)} deliveries answered, "
            f"{len(rig.log.records) - flushes} writes, {flushes} flushes, "
            f"{count} cuts")
    assert not found, (f"{said}; wrong after {len(found)}, first at record "
                       f"{found[0][0]}, share {found[0][1]}: {found[0][2][:5]}")
    # One sync of the log a batch: it was that order which was tested.
    merged = kind in ("ext4", "xfs") and sync == "auto"
    assert not merged or flushes < 2 * len(load.acked), said
    shutil.rmtree(top)
    return said
