"""Dovecot as the server that mail is collected from: POP3, and IMAP if wanted."""

import base64
import grp
import hashlib
import hmac
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .waiting import port_open, until

OWNER = 5001  # popstore, see tests/peers/enter
KEY = b"a key that signs tokens"

# Without root everything runs as the caller, from where it was unpacked.
ROOTLESS = """
{libexec}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
import_environment = LD_LIBRARY_PATH
first_valid_uid = {uid}
service anvil {{
  chroot =
}}
service pop3-login {{
  chroot =
}}
service imap-login {{
  chroot =
}}
"""

CONFIG = """
base_dir = {top}/run
state_dir = {top}/state
log_path = {top}/log
protocols = {protocols}
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

# When it is asked for: to the others it would be a port too many.
IMAP = """
service imap-login {{
  inet_listener imap {{
    port = 143
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
"""


# Tokens that it checks by itself: see token().
OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {top}/oauth
}}
"""


class Dovecot:
    """users: {name: password}; deliver() before or after start().

    peers: the unpacked tree to run from, without root. mechs: what it offers
    to log in with, beside clear text.
    """

    def __init__(self, top, users, listen=("127.0.0.11", "127.0.0.12"),
                 port=110, cert=None, peers=None, imap=False, mechs=None):
        self.top, self.listen, self.port = top, listen, port
        # An installed Dovecot is not unpacked again, and runs as it is.
        self._peers = peers if peers and (peers / "usr/sbin/dovecot").exists() \
            else None
        root = os.geteuid() == 0
        self._uid = OWNER if root else os.getuid()
        self._gid = OWNER if root else os.getgid()
        self.pop3s = 995 if cert else 0
        tls = "ssl = no" if cert is None else (
            f"ssl = yes\nssl_cert = <{cert[0]}\nssl_key = <{cert[1]}")
        top.mkdir(parents=True)
        self._config = top / "dovecot.conf"
        self._config.write_text(CONFIG.format(
            top=top, listen=", ".join(listen), port=port, pop3s=self.pop3s,
            tls=tls, protocols="pop3 imap" if imap else "pop3")
            + (IMAP.format(imaps=993 if cert else 0) if imap else "")
            + self._mechanisms(mechs)
            + self._rootless())
        (top / "users").write_text("".join(
            f"{u}:{{PLAIN}}{p}:{self._uid}:{self._gid}::{top}/home/{u}\n"
            for u, p in users.items()))
        for user in users:
            for sub in ("cur", "new", "tmp"):
                (self._maildir(user) / sub).mkdir(parents=True)
        self._own(top / "home")
        self._count = 0
        self._proc = self._moved = None

    def _maildir(self, user):
        return self.top / "home" / user / "Maildir"

    def _mechanisms(self, mechs):
        if mechs is None:
            return ""
        text = f"\nauth_mechanisms = {mechs}\n"
        if "oauth" not in mechs:
            return text
        key = self.top / "keys/default/HS256/default"
        key.parent.mkdir(parents=True)
        key.write_bytes(base64.b64encode(KEY))
        (self.top / "oauth").write_text(
            "introspection_mode = local\n"
            f"local_validation_key_dict = fs:posix:prefix={self.top}/keys/\n"
            "username_attribute = sub\n")
        return text + OAUTH.format(top=self.top)

    @staticmethod
    def token(user, seconds=600):
        """A bearer token (JWT) that is good for so long."""
        now = int(time.time())
        parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=")
                 for p in ({"alg": "HS256", "typ": "JWT"},
                           {"sub": user, "iat": now - 1000,
                            "exp": now + seconds})]
        mac = hmac.new(KEY, b".".join(parts), hashlib.sha256).digest()
        parts.append(base64.urlsafe_b64encode(mac).rstrip(b"="))
        return b".".join(parts).decode()

    def _rootless(self):
        if os.geteuid() == 0:
            return ""
        libexec = f"libexec_dir = {self._peers}/usr/lib/dovecot"
        me = pwd.getpwuid(self._uid)
        return ROOTLESS.format(libexec=libexec if self._peers else "",
                               user=me.pw_name, uid=self._uid,
                               group=grp.getgrgid(self._gid).gr_name)

    def _own(self, path):
        for root, dirs, files in os.walk(path):
            for name in [root] + [os.path.join(root, f) for f in files]:
                os.chown(name, self._uid, self._gid)

    def deliver(self, user, message, folder="", flags=None):
        """Put octets (LF line ends) into the mailbox, after the others."""
        self._count += 1
        name = f"{1000000000 + self._count}.t"
        path = self._maildir(user) / folder / (
            f"new/{name}" if flags is None else f"cur/{name}:2,{flags}")
        path.write_bytes(message)
        os.chown(path, self._uid, self._gid)

    def folder(self, user, name):
        """Make a folder with the name that it has on disk."""
        path = self._maildir(user) / f".{name}"
        for sub in ("cur", "new", "tmp"):
            (path / sub).mkdir(parents=True)
        self._own(path)

    def flags(self, user, folder=""):
        """The flags of each message there, in letters: S seen, T deleted."""
        return sorted(p.name.partition(":2,")[2]
                      for p in self._files(user, folder))

    def _files(self, user, folder=""):
        box = self._maildir(user) / folder
        return [p for sub in ("new", "cur") for p in (box / sub).iterdir()]

    def messages(self, user, folder=""):
        """What lies in the mailbox, in the order of delivery."""
        found = self._files(user, folder)
        return [p.read_bytes() for p in sorted(found, key=lambda p: p.name)]

    def _command(self):
        """What to run, with which environment."""
        run = ["-F", "-c", str(self._config)]
        if not self._peers:
            return ["/usr/sbin/dovecot", *run], None
        # What dovecot itself would do, but with the path of its own doveconf.
        usr = f"{self._peers}/usr"
        lib = Path(usr, "lib")
        libs = [self._move_modules(usr), lib / "dovecot",
                lib / "dovecot/modules/old-stats", *lib.glob("*-linux-*")]
        return ([f"{usr}/bin/doveconf", "-f", "service=master", "-c",
                 str(self._config), "-m", "master", "-e",
                 f"{usr}/sbin/dovecot", *run],
                {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libs))})

    def _move_modules(self, usr):
        """A copy of its library that looks for modules where they lie."""
        built_in = b"/usr/lib/dovecot/modules\0"
        self._moved = Path(tempfile.mkdtemp(prefix="vd.", dir="/tmp"))
        link = self._moved / "m"
        link.symlink_to(f"{usr}/lib/dovecot/modules")
        octets = Path(usr, "lib/dovecot/libdovecot.so.0").read_bytes()
        assert built_in in octets
        (self._moved / "libdovecot.so.0").write_bytes(octets.replace(
            built_in, bytes(link).ljust(len(built_in), b"\0")))
        return self._moved

    def start(self):
        args, env = self._command()
        self._proc = subprocess.Popen(args, env=env, stdin=subprocess.DEVNULL)
        for host in self.listen:
            port_open(host, self.port, self._proc)
        return self

    def stop(self):
        """Ends when all its processes have written what they had."""
        if self._proc is not None:
            self._proc.terminate()
            self._proc.wait(10)
            self._proc = None
        if self._moved is not None:
            shutil.rmtree(self._moved)
            self._moved = None

    def settled(self, user, count):
        """Wait until the mailbox holds count messages, and return them."""
        return until(
            lambda: (m := self.messages(user)) is not None
            and len(m) == count and (m or [b""]),
            f"{count} messages left for {user}") if count else until(
            lambda: not self.messages(user), f"nothing left for {user}")

    def log(self):
        return (self.top / "log").read_text(errors="replace")
