"""Run fetchmail: ours under that name, or with VD_REAL the real one."""

import os
import subprocess

from .daemon import BIN

REAL = bool(os.environ.get("VD_REAL"))

# The original refuses a server without STLS everywhere, ours not on loopback.
PLAIN = "sslproto ''" if REAL else ""


def environment(home, **more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("FETCHMAIL")}
    env.update(HOME=str(home), USER="root", LOGNAME="root")
    env.update({k: str(v) for k, v in more.items()})
    return env


def write_rc(path, text, mode=0o600, uid=0):
    path.write_text(text)
    os.chown(path, uid, uid)
    path.chmod(mode)
    return path


def command(args, home, uid=0, **env):
    """Everything that subprocess wants to know to start fetchmail."""
    if uid:
        env = {"USER": "fetchmail", "LOGNAME": "fetchmail", **env}
    return dict(args=[f"{BIN}/fetchmail", *map(str, args)],
                env=environment(home, **env), cwd="/", user=uid, group=uid,
                extra_groups=[], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                encoding="latin-1")
