"""Dovecot as the POP3 server that mail is collected from."""

import os
import subprocess

from .waiting import port_open, until

OWNER = 5001  # popstore, see tests/peers/enter

CONFIG = """
base_dir = {top}/run
state_dir = {top}/state
log_path = {top}/log
protocols = pop3
listen = {listen}
disable_plaintext_auth = no
auth_failure_delay = 0
{tls}
passdb {{
  driver = passwd-file
  args = {top}/users
}}
userdb {{
  driver = passwd-file
  args = {top}/users
}}
mail_location = maildir:~/Maildir
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
"""


class Dovecot:
    """users: {name: password}; deliver() before or after start()."""

    def __init__(self, top, users, listen=("127.0.0.11", "127.0.0.12"),
                 port=110, cert=None):
        self.top, self.listen, self.port = top, listen, port
        self.pop3s = 995 if cert else 0
        tls = "ssl = no" if cert is None else (
            f"ssl = yes\nssl_cert = <{cert[0]}\nssl_key = <{cert[1]}")
        top.mkdir(parents=True)
        self._config = top / "dovecot.conf"
        self._config.write_text(CONFIG.format(
            top=top, listen=", ".join(listen), port=port, pop3s=self.pop3s,
            tls=tls))
        (top / "users").write_text("".join(
            f"{u}:{{PLAIN}}{p}:{OWNER}:{OWNER}::{top}/home/{u}\n"
            for u, p in users.items()))
        for user in users:
            for sub in ("cur", "new", "tmp"):
                (self._maildir(user) / sub).mkdir(parents=True)
        self._own(top / "home")
        self._count = 0
        self._proc = None

    def _maildir(self, user):
        return self.top / "home" / user / "Maildir"

    @staticmethod
    def _own(path):
        for root, dirs, files in os.walk(path):
            for name in [root] + [os.path.join(root, f) for f in files]:
                os.chown(name, OWNER, OWNER)

    def deliver(self, user, message):
        """Put octets (LF line ends) into the mailbox, after the others."""
        self._count += 1
        path = self._maildir(user) / "new" / f"{1000000000 + self._count}.t"
        path.write_bytes(message)
        os.chown(path, OWNER, OWNER)

    def messages(self, user):
        """What lies in the mailbox, in the order of delivery."""
        found = [p for sub in ("new", "cur")
                 for p in (self._maildir(user) / sub).iterdir()]
        return [p.read_bytes() for p in sorted(found, key=lambda p: p.name)]

    def start(self):
        self._proc = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", str(self._config)],
            stdin=subprocess.DEVNULL)
        for host in self.listen:
            port_open(host, self.port, self._proc)
        return self

    def stop(self):
        """Ends when all its processes have written what they had."""
        if self._proc is not None:
            self._proc.terminate()
            self._proc.wait(10)
            self._proc = None

    def settled(self, user, count):
        """Wait until the mailbox holds count messages, and return them."""
        return until(
            lambda: (m := self.messages(user)) is not None
            and len(m) == count and (m or [b""]),
            f"{count} messages left for {user}") if count else until(
            lambda: not self.messages(user), f"nothing left for {user}")

    def log(self):
        return (self.top / "log").read_text(errors="replace")
