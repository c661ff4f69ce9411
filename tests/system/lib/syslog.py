"""Catches what programs say to /dev/log."""

import os
import re
import socket
import threading

from .waiting import until


class Syslog:
    """lines: texts as "ident[pid]: ...", without priority and time."""

    def __init__(self, path="/dev/log"):
        self.lines, self.priorities = [], []
        self._path = path
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._sock.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                text = self._sock.recv(65536).decode(errors="replace")
            except OSError:
                return
            m = re.match(r"<(\d+)>(?:\w{3} [ \d]\d [\d:]{8} )?(.*)", text,
                         re.S)
            if m:
                self.priorities.append(int(m[1]))
                self.lines.append(m[2].rstrip("\n\0"))

    def find(self, pattern):
        return [x for x in self.lines if re.search(pattern, x)]

    def wait(self, pattern, seconds=10):
        """Wait for a line; all lines that match."""
        return until(lambda: self.find(pattern), f"syslog /{pattern}/",
                     seconds)

    def close(self):
        self._sock.close()
        os.unlink(self._path)
