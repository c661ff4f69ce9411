"""The demo, step by step; tests/demo/demo starts it."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import maildir
from lib.daemon import VIRTUAL, VMAILBOX
from lib.dovecot import Dovecot
from lib.mail import message
from lib.syslog import Syslog
from lib.waiting import free_port

HERE = Path(__file__).parent
USERS = {f"pop3userid{i}": f"pop3password{i}" for i in (0, 1, 2)}
SUBJECTS = {0: ["Minutes", "Invoice"], 1: ["Hello", "Holidays", "Dots"],
            2: ["Newsletter"]}
BODY = b"A line.\n.a line with a dot\nFrom a line of the body\n"


def show(text, mark=""):
    for line in str(text).rstrip("\n").split("\n"):
        print("   " + mark + line)
    sys.stdout.flush()


def step(title):
    print(f"\n== {title}")
    sys.stdout.flush()


class Stage:
    """Where everything is; the scenario's own places, on a private machine."""

    etc, base = Path("/etc/postfix"), Path("/home/VMAIL")
    rc, bin = Path("/etc/fetchmailrc"), Path("/run/bin")
    listen = "inet:127.0.0.1:25 inet:127.0.0.1:2525"
    uid, syslog = 5000, None
    pop = dict(listen=("127.0.0.11", "127.0.0.12"), port=110)

    def __init__(self):
        self.top = Path("/run/demo")
        self.top.mkdir()
        self.syslog = Syslog()
        self._programs()
        self.main_cf = ["compatibility_level = 3.6",
                        f"vdeliver_listen = {self.listen}"]

    def _programs(self):
        """Copies under the names in the commands, readable by everybody."""
        self.bin.mkdir()
        for name, program in {
                "fetchmail": "fetcher", "vdeliver": "vdeliver",
                "postmap": "maptool", "postconf": "maptool"}.items():
            shutil.copy(f"{os.environ['BUILD']}/{program}/{program}",
                        self.bin / name)
        os.environ["PATH"] = f"{self.bin}:{os.environ['PATH']}"

    def adapt(self, text):
        """A text of the scenario, as it is used here."""
        return text

    def log(self):
        return "\n".join(self.syslog.lines)

    def close(self):
        pass  # the private machine ends with us


class OwnStage(Stage):
    """Without root: the caller's own uid, a directory, high ports."""

    def __init__(self):
        self.top = Path(tempfile.mkdtemp(prefix="vdeliver-demo."))
        self.top.chmod(0o755)
        self.etc, self.base = self.top / "etc", self.top / "VMAIL"
        self.rc, self.bin = self.top / "fetchmailrc", self.top / "bin"
        self.etc.mkdir()
        self.base.mkdir()
        self.uid = os.getuid()
        ports = {free_port() for _ in range(9)}
        pop, self._p25, self._p2525 = sorted(ports)[:3]
        self.pop = dict(listen=("127.0.0.1",), port=pop,
                        peers=Path(os.environ["PEERS"], "root").resolve())
        self.listen = (f"inet:127.0.0.1:{self._p25} "
                       f"inet:127.0.0.1:{self._p2525}")
        self._programs()
        self._log = self.top / "mail.log"
        self.main_cf = [
            "compatibility_level = 3.6", f"vdeliver_listen = {self.listen}",
            f"vdeliver_run_directory = {self.top}",
            f"maillog_file = {self._log}",
            f"maillog_file_prefixes = {self.top}"]
        os.environ.update(MAIL_CONFIG=str(self.etc), HOME=str(self.top))

    def adapt(self, text):
        there = f"via 127.0.0.1 service {self.pop['port']}"
        here = f"smtphost 127.0.0.1/{self._p25}"
        for old, new in {
                "/etc/postfix": str(self.etc), "/home/VMAIL": str(self.base),
                "/etc/fetchmailrc": str(self.rc),
                "gid_maps=static:5000": f"gid_maps=static:{os.getgid()}",
                "5000": str(self.uid),
                "set syslog\n": "",
                "protocol pop3:": f"protocol pop3 {there}:",
                "proto POP3": f"proto POP3 {there}",
                "127.0.0.1/2525": f"127.0.0.1/{self._p2525}",
                '"virtualuser2@example.com" here':
                    f'"virtualuser2@example.com" here {here}',
                "is virtualuser0@example.com":
                    f"is virtualuser0@example.com {here}"}.items():
            text = text.replace(old, new)
        return text

    def log(self):
        return self._log.read_text() if self._log.exists() else ""

    def close(self):
        shutil.rmtree(self.top)


class Demo:
    def __init__(self, stage):
        self.stage = stage
        self.pop = Dovecot(stage.top / "dovecot", USERS, **stage.pop)
        self.sent = sum(map(len, SUBJECTS.values()))
        self.ok = True

    def run(self, command, good=(0,), hide=False):
        """Show a command of the scenario, run it, show what it says."""
        command = self.stage.adapt(command)
        show(command, "$ ")
        p = subprocess.run(shlex.split(command), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, errors="replace", timeout=120)
        if p.stdout and not hide:
            show(p.stdout)
        if p.returncode not in good:
            show(f"exit status {p.returncode}: not what it should be")
            self.ok = False
        return p

    def expect(self, what, got, want):
        show(f"{what}: {got}" + ("" if got == want else f", wanted {want}"))
        self.ok &= got == want

    def servers(self):
        step("POP3 servers with three mailboxes (Dovecot)")
        for i, subjects in SUBJECTS.items():
            for subject in subjects:
                self.pop.deliver(f"pop3userid{i}", message(
                    subject, BODY, to=f"pop3userid{i}@isp.example"))
            show(f"pop3userid{i}: {', '.join(subjects)}")
        self.pop.start()

    def configure(self):
        stage = self.stage
        step("The delivering side")
        stage.etc.joinpath("main.cf").write_text(
            "\n".join(stage.main_cf) + "\n")
        stage.etc.joinpath("vmailbox").write_text(VMAILBOX)
        stage.etc.joinpath("virtual").write_text(VIRTUAL)
        for line in (HERE / "settings").read_text().splitlines():
            self.run(f"postconf -e {line}")
        for name in ("vmailbox", "virtual"):
            self.run(f"cat /etc/postfix/{name}")
        self.run("postmap /etc/postfix/vmailbox /etc/postfix/virtual")
        self.run("postconf -n")
        self.run("postconf message_size_limit")
        self.run("vdeliver -c /etc/postfix")
        self.run("vdeliver -c /etc/postfix status")

    def collect(self):
        stage = self.stage
        step("The collecting side")
        stage.rc.write_text(stage.adapt((HERE / "fetchmailrc").read_text()))
        stage.rc.chmod(0o600)
        self.run("cat /etc/fetchmailrc")
        step("A first run that leaves everything on the servers (-k)")
        before = len(stage.log())
        self.run("fetchmail -v -a -k -f /etc/fetchmailrc")
        show(stage.log()[before:].strip("\n"), "log| ")
        self.count("after it", self.sent, self.sent)
        step("The run that cron starts")
        before = len(stage.log())
        self.run("fetchmail --invisible -f /etc/fetchmailrc")
        show(stage.log()[before:].strip("\n"), "log| ")
        self.count("after it", 2 * self.sent, 0)

    def count(self, when, stored, left):
        self.expect(f"messages in the Maildirs {when}", len(self.stored()),
                    stored)
        self.pop.settled("pop3userid0", left and len(SUBJECTS[0]))
        self.expect(f"messages on the servers {when}", sum(
            len(self.pop.messages(u)) for u in USERS), left)

    def stored(self):
        return [m for i in SUBJECTS for m in maildir.new(
            self.stage.base / "example.com" / f"test{i}")]

    def result(self):
        step("The Maildirs")
        for root, dirs, files in os.walk(self.stage.base):
            dirs.sort()
            for path in [root] + sorted(os.path.join(root, f) for f in files):
                st = os.lstat(path)
                show(f"{st.st_mode & 0o7777:04o} {st.st_uid}:{st.st_gid} "
                     f"{path}" + "/" * os.path.isdir(path))
        step("One stored message")
        stored = self.stored()
        if stored:
            show(stored[-1].decode("utf-8", "replace"))
        subjects = [dict(maildir.head(m)).get("Subject") for m in stored]
        twice = sum(subjects.count(f"number {s}") == 2
                    for x in SUBJECTS.values() for s in x)
        self.expect("messages that arrived once in each of the two runs",
                    twice, self.sent)
        whole = sum(m.endswith(b"\n\n" + BODY) for m in stored)
        self.expect("files with the whole message", whole, 2 * self.sent)

    def play(self):
        try:
            self.servers()
            self.configure()
            self.collect()
            self.result()
        finally:
            self.run("vdeliver -c /etc/postfix stop", hide=True)
            self.pop.stop()
        return self.ok


def main():
    stage = Stage() if os.geteuid() == 0 else OwnStage()
    try:
        ok = Demo(stage).play()
    finally:
        stage.close()
    step("All messages arrived; nothing was left running" if ok
         else "Something went wrong, see above")
    return 0 if ok else 1


sys.exit(main())
