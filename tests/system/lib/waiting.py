"""Wait for things to happen, never for time to pass."""

import socket
import time


class Late(AssertionError):
    """What we waited for did not happen."""


def until(happened, what, seconds=10, pause=0.01):
    """Call happened() until it returns something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        value = happened()
        if value:
            return value
        if time.monotonic() > end:
            raise Late(f"{what}: not within {seconds} s")
        time.sleep(pause)


def port_open(host, port, proc=None, seconds=10):
    """Wait until host:port accepts; proc must go on living meanwhile."""

    def accepts():
        if proc is not None and proc.poll() is not None:
            raise Late(f"{proc.args[0]} ended with status {proc.returncode}")
        try:
            socket.create_connection((host, port), 1).close()
            return True
        except OSError:
            return False

    until(accepts, f"{host}:{port} accepts", seconds)


def free_port(host="127.0.0.1"):
    """A port nobody listens on; nothing else runs in our namespace."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        s.bind((host, 0))
        return s.getsockname()[1]
