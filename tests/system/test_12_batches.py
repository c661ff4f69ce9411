"""Messages that come together share their syncs."""

import subprocess
import threading

import pytest

from lib.mail import stamped, whole
from lib.smtp import Client
from lib.waiting import until

pytestmark = pytest.mark.ours

COUNT = 20
SYNCS = "fsync,fdatasync,syncfs,sync,sync_file_range,msync"
TO = "virtualuser1@example.com"


class Syncs:
    """Counts what all processes of vdeliver sync, each made slow by 20 ms.

    Without a slow disk nothing can gather while another sync runs.
    """

    def __init__(self, host, path):
        self._path = path
        args = ["strace", "-f", "-o", str(path), "-e", f"trace={SYNCS}",
                "-e", f"inject={SYNCS}:delay_enter=20000"]
        pids = host.pids()
        for pid in pids:
            args += ["-p", str(pid)]
        self._proc = subprocess.Popen(args, stderr=subprocess.PIPE, text=True)
        for line in self._proc.stderr:
            if "attached" in line:
                pids.pop(int(line.split("Process ")[1].split()[0]), None)
            if not pids:
                break
        threading.Thread(target=self._proc.stderr.read, daemon=True).start()

    def stop(self):
        self._proc.terminate()
        self._proc.wait(20)

    def count(self):
        self.stop()
        return sum("sync" in x and "resumed" not in x
                   for x in self._path.read_text().splitlines())


@pytest.fixture
def clients(vdeliver, closing):
    """A running host and connections with all but the dot sent."""
    host = vdeliver().start()

    def make():
        made = []
        for i in range(COUNT):
            c = closing(Client(host.where, 60))
            for line in ("EHLO client.example",
                         "MAIL FROM:<s@remote.example>", f"RCPT TO:<{TO}>"):
                assert c.say(line).startswith("250")
            assert c.say("DATA").startswith("354")
            c.sock.sendall(stamped(i).replace(b"\n", b"\r\n"))
            made.append(c)
        return made

    # The first message makes directories: not part of the comparison.
    with Client(host.where) as c:
        c.transaction("s@remote.example", [TO], stamped("first"))
    return host, make


def test_together_costs_less(clients, top, closing):
    host, make = clients
    one_by_one, together = make(), make()

    counter = closing(Syncs(host, top / "one_by_one"))
    for c in one_by_one:
        c.send(".")
        assert c.reply().startswith("250 ")
    apart = counter.count()

    counter = closing(Syncs(host, top / "together"))
    for c in together:
        c.send(".")
    for c in together:
        assert c.reply().startswith("250 ")
    shared = counter.count()

    print(f"{COUNT} messages: {apart} syncs apart, {shared} together")
    # data and name of every message; two files cannot share a data sync
    # unless the whole file system is synced
    assert apart >= 2 * COUNT
    assert shared < apart
    assert shared <= apart * 3 // 4
    found = until(lambda: (m := host.new("test1")) and len(m) == 2 * COUNT + 1
                  and m, "all are there")
    assert None not in map(whole, found)
