"""What the delivering servers of the tests have in common, and vdeliver."""

import os
import socket
import subprocess

from . import maildir
from .waiting import Late, until

BIN = os.environ.get("VD_BIN", "/run/bin")

DEFAULTS = {
    "compatibility_level": "3.6",
    "myhostname": "mail.test.example",
    "virtual_mailbox_domains": "example.com",
    "virtual_uid_maps": "static:5000",
    "virtual_gid_maps": "static:5000",
    "virtual_minimum_uid": "5000",
    "maillog_file_prefixes": "/var, /dev/stdout, /run",
}

VMAILBOX = "".join(f"virtualuser{i}@example.com example.com/test{i}/\n"
                   for i in (0, 1, 2))
VIRTUAL = "postmaster@example.com virtualuser1@example.com\n"


class Mailhost:
    """A configuration in top/etc, mailboxes in top/vmail, a log.

    config: parameters on top of DEFAULTS, None takes one away. maps: {name:
    source text}, compiled as hash: beside main.cf.
    """

    def __init__(self, top, config=None, maps=None, listen=None):
        self.top = top
        self.dir, self.base = top / "etc", top / "vmail"
        self.logfile = top / "mail.log"
        for d in (self.dir, self.base):
            d.mkdir(parents=True, mode=0o755)
        os.chown(self.base, 5000, 5000)
        self.listen = listen or ["inet:127.0.0.1:0"]
        self.config = {
            **DEFAULTS,
            "virtual_mailbox_base": str(self.base),
            "virtual_mailbox_maps": f"hash:{self.dir}/vmailbox",
            "virtual_alias_maps": f"hash:{self.dir}/virtual",
            "maillog_file": str(self.logfile),
            **(config or {})}
        self.proc = None
        self.write_config()
        for name, text in {"vmailbox": VMAILBOX, "virtual": VIRTUAL,
                           **(maps or {})}.items():
            self.table(name, text)

    def write_config(self, **changes):
        self.config.update(changes)
        (self.dir / "main.cf").write_text("".join(
            f"{k} = {v}\n" for k, v in self.config.items() if v is not None))

    def table(self, name, text):
        """(Re)write a table's source and compile it."""
        (self.dir / name).write_text(text)
        subprocess.run([f"{BIN}/postmap", "-c", self.dir,
                        f"hash:{self.dir}/{name}"], check=True)

    def maildir(self, name):
        return self.base / "example.com" / name

    def new(self, name):
        return maildir.new(self.maildir(name))

    def log(self):
        try:
            return self.logfile.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def logged(self, text, seconds=10):
        """Wait for a text in the log; the line that has it first."""
        return until(lambda: [x for x in self.log().splitlines() if text in x],
                     f"{text!r} in the log", seconds)[0]

    @property
    def where(self):
        return ("127.0.0.1", self.ports[0])


class Vdeliver(Mailhost):
    def __init__(self, top, config=None, maps=None, listen=None):
        super().__init__(top, config, maps, listen)
        self.ports = []
        self.write_config(vdeliver_listen=" ".join(self.listen))

    def command(self, *args, **kw):
        """vdeliver -c DIR ARGS, to its end."""
        return subprocess.run(
            [f"{BIN}/vdeliver", "-c", str(self.dir), *args],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=20, **kw)

    def start(self, seconds=20, **kw):
        """Start in the foreground; returns when it is ready."""
        path = str(self.top / "notify")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, \
                open(self.top / "stderr", "ab") as err:
            notify.bind(path)
            notify.settimeout(0.05)
            self.proc = subprocess.Popen(
                [f"{BIN}/vdeliver", "-c", str(self.dir), "-f"],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                env={**os.environ, "NOTIFY_SOCKET": path}, **kw)
            self._ready(notify, seconds)
        return self

    def _ready(self, notify, seconds):
        for _ in range(int(seconds / 0.05)):
            try:
                lines = notify.recv(4096).decode().split("\n")
            except TimeoutError:
                if self.proc.poll() is not None:
                    raise Late(f"vdeliver ended with {self.proc.returncode}: "
                               + self.stderr()) from None
                continue
            if "READY=1" in lines:
                ports = [x for x in lines if x.startswith("PORTS=")]
                self.ports = [int(p) for p in ports[0][6:].split()]
                return
        raise Late(f"vdeliver is not ready: {self.stderr()} {self.log()}")

    def stderr(self):
        return (self.top / "stderr").read_text(errors="replace")

    def pids(self):
        """{pid: name} of the monitor and everything below it."""
        found, parents = {}, {self.proc.pid}
        table = _processes()
        while parents:
            found.update({p: table[p][1] for p in parents if p in table})
            parents = {p for p, (parent, _) in table.items()
                       if parent in parents}
        return found

    def stop(self):
        if self.proc is None or self.proc.poll() is not None:
            return
        self.proc.terminate()
        try:
            self.proc.wait(20)
        except subprocess.TimeoutExpired:
            for pid in self.pids():
                os.kill(pid, 9)
            raise Late("vdeliver did not stop: " + self.log()) from None


def _processes():
    """{pid: (parent, name)}; zombies are no processes."""
    table = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                text = f.read()
        except OSError:
            continue
        name = text[text.index("(") + 1:text.rindex(")")]
        state, parent = text[text.rindex(")") + 2:].split()[:2]
        if state != "Z":
            table[int(pid)] = (int(parent), name)
    return table
