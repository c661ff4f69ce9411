"""A small LMTP server that makes a mistake, to see whether it is found.

Right is: write, sync the file, rename, sync the directories, answer.
"""

import os

from lib.lines import Drop, LineServer

MISTAKES = ("no mistake", "answers before the sync", "renames before the data",
            "does not sync the directory")


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


class Server(LineServer):
    def __init__(self, base, boxes, mistake):
        self.base, self.boxes, self.count = base, boxes, 0
        self.store = {"no mistake": self._right,
                      "answers before the sync": self._unsynced,
                      "renames before the data": self._early,
                      "does not sync the directory": self._nameless}[mistake]
        for path in boxes.values():
            for part in ("tmp", "new"):
                os.makedirs(base / path / part)
        super().__init__()

    def _names(self, address):
        self.count += 1
        path = self.base / self.boxes[address]
        return path / "tmp" / str(self.count), path / "new" / str(self.count)

    @staticmethod
    def _write(path, octets, synced):
        with open(path, "wb") as f:
            f.write(octets)
            f.flush()
            if synced:
                os.fsync(f.fileno())

    def _right(self, address, octets):
        self._nameless(address, octets)
        sync(self.base / self.boxes[address] / "new")

    def _nameless(self, address, octets):
        tmp, new = self._names(address)
        self._write(tmp, octets, True)
        os.rename(tmp, new)

    def _unsynced(self, address, octets):
        tmp, new = self._names(address)
        self._write(tmp, octets, False)
        os.rename(tmp, new)

    def _early(self, address, octets):
        tmp, new = self._names(address)
        with open(tmp, "wb") as f:
            os.rename(tmp, new)
            sync(new.parent)
            f.write(octets)

    def talk(self, line):
        line.send("220 wrong.example LMTP")
        to = []
        while True:
            verb = line.read().decode()
            if verb.startswith("RCPT"):
                to.append(verb[verb.index("<") + 1:verb.index(">")])
            if verb == "QUIT":
                line.send("221 bye")
                raise Drop
            if verb != "DATA":
                line.send("250 Ok")
                continue
            line.send("354 go on")
            octets = self._data(line)
            for address in to:
                self.store(address, octets)
                line.send("250 stored")
            to = []

    @staticmethod
    def _data(line):
        lines = []
        while (text := line.read()) != b".":
            lines.append(text[text.startswith(b"."):] + b"\n")
        return b"".join(lines)
