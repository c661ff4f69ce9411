"""A Postfix of our own: configuration, queue and data apart from all others."""

import os
import pwd
import subprocess

from .daemon import Mailhost
from .waiting import free_port, port_open

DAEMONS = "/usr/lib/postfix/sbin"

# name type private unpriv chroot wakeup maxproc command
MASTER = """
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
verify     unix  - - n - 1 verify
proxymap   unix  - - n - - proxymap
smtp       unix  - - n - - smtp
relay      unix  - - n - - smtp
lmtp       unix  - - n - - lmtp
error      unix  - - n - - error
retry      unix  - - n - - error
discard    unix  - - n - - discard
local      unix  - n n - - local
virtual    unix  - n n - - virtual
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
tlsmgr     unix  - - n 1000? 1 tlsmgr
postlog    unix-dgram n - n - 1 postlogd
"""


class Postfix(Mailhost):
    """listen: as vdeliver_listen, with inet: only; port 0 is any port."""

    def __init__(self, top, config=None, maps=None, listen=None):
        super().__init__(top, config, maps, listen)
        self.ports = []
        lines = []
        for item in self.listen:
            host, _, port = item.removeprefix("inet:").rpartition(":")
            self.ports.append(int(port) or free_port(host.strip("[]")))
            lines.append(f"{host}:{self.ports[-1]} inet n - n - - smtpd\n")
        (self.dir / "master.cf").write_text(MASTER + "".join(lines))
        self.write_config(
            queue_directory=top / "queue", data_directory=top / "data",
            daemon_directory=DAEMONS, command_directory="/usr/sbin",
            inet_interfaces="all", biff="no", minimal_backoff_time="1s",
            smtpd_peername_lookup="yes", mydestination="",
            alias_maps="", alias_database="")
        self._queue()

    def _queue(self):
        user = pwd.getpwnam("postfix").pw_uid
        drop = 902  # postdrop, see tests/peers/enter
        queue = self.top / "queue"
        for name, uid, gid, mode in (
                [("pid", 0, 0, 0o755), ("maildrop", user, drop, 0o730),
                 ("public", user, drop, 0o710)]
                + [(n, user, 0, 0o700) for n in (
                    "active", "bounce", "corrupt", "defer", "deferred",
                    "flush", "hold", "incoming", "private", "saved",
                    "trace")]):
            path = queue / name
            path.mkdir(parents=True)
            os.chown(path, uid, gid)
            path.chmod(mode)
        data = self.top / "data"
        data.mkdir()
        os.chown(data, user, 0)
        self.logfile.touch()

    def start(self):
        with open(self.top / "stderr", "ab") as err:
            self.proc = subprocess.Popen(
                [f"{DAEMONS}/master", "-c", str(self.dir), "-d"],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                start_new_session=True)
        for item, port in zip(self.listen, self.ports):
            host = item.removeprefix("inet:").rpartition(":")[0].strip("[]")
            port_open(host, port, self.proc)
        return self

    def stop(self):
        if self.proc is not None and self.proc.poll() is None:
            self.proc.terminate()
            self.proc.wait(10)

    def queued(self):
        """Names of the messages that wait in the queue."""
        return [p.name for d in ("incoming", "active", "deferred")
                for p in (self.top / "queue" / d).rglob("*") if p.is_file()]
