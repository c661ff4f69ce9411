"""A disk that writes down what it is told: loop device on a file of our own FUSE.

The file is served from here, in a child process; each write and each flush that
the kernel sends is put into a log, in order. Loop has no FUA of its own, so that
the kernel sends a write and a flush instead. Nothing is kept back: what a power
cut might have lost is taken out later, when cuts.py builds a disk from the log.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import stat
import struct
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)

# linux/loop.h
LOOP_CTL_GET_FREE, LOOP_CONFIGURE = 0x4C82, 0x4C0A
LO_FLAGS_AUTOCLEAR = 4
LOOP_CONFIG_SIZE, LOOP_FLAGS_AT = 304, 60

# linux/fuse.h
(GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT,
 INTERRUPT) = 3, 4, 14, 15, 16, 17, 18, 20, 25, 26, 36
FORGET, BATCH_FORGET = 2, 42
FOPEN_DIRECT_IO, MAX_PAGES = 1, 1 << 22
MAX_WRITE = 131072
IN_HEADER, OUT_HEADER = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ")
RECORD = struct.Struct("<QI")  # where, how many octets; a flush has none


def mount(source, where, kind, data=""):
    if LIBC.mount(source.encode(), where.encode(), kind.encode(), 0,
                  data.encode()) != 0:
        e = ctypes.get_errno()
        raise OSError(e, f"mount {kind} on {where}: {os.strerror(e)}")


def umount(where):
    """Others may look at it for a moment: a process that just ends."""
    for _ in range(500):
        if LIBC.umount2(os.fsencode(where), 0) == 0:
            return
        if ctypes.get_errno() != errno.EBUSY:
            break
        time.sleep(0.01)
    raise OSError(ctypes.get_errno(), f"umount {where}")


def node(path, kind, major, minor):
    if not os.path.exists(path):
        os.mknod(path, kind | 0o600, os.makedev(major, minor))
    return path


class Loop:
    """A loop device on a file; gone when nobody uses it any more."""

    def __init__(self, file):
        control = os.open(node("/dev/loop-control", stat.S_IFCHR, 10, 237),
                          os.O_RDWR)
        backing = os.open(file, os.O_RDWR)
        for _ in range(100):
            n = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
            self.path = node(f"/dev/loop{n}", stat.S_IFBLK, 7, n)
            self.fd = os.open(self.path, os.O_RDWR)
            config = bytearray(LOOP_CONFIG_SIZE)
            struct.pack_into("<I", config, 0, backing)
            struct.pack_into("<I", config, LOOP_FLAGS_AT, LO_FLAGS_AUTOCLEAR)
            try:
                fcntl.ioctl(self.fd, LOOP_CONFIGURE, config)
                break
            except OSError as e:
                os.close(self.fd)
                if e.errno != errno.EBUSY:  # taken by somebody in between
                    raise
        else:
            raise OSError(errno.EBUSY, "no free loop device")
        os.close(backing)
        os.close(control)

    def close(self):
        os.close(self.fd)


class FileSystem:
    """kind on a disk in a file, mounted at where."""

    def __init__(self, kind, file, where, options=""):
        self.where = str(where)
        os.makedirs(self.where, exist_ok=True)
        if kind == "btrfs":  # of the same id as the one before
            subprocess.run(["btrfs", "device", "scan", "--forget"],
                           capture_output=True, check=False)
        loop = Loop(file)
        try:
            mount(loop.path, self.where, kind, options)
        finally:
            loop.close()

    def close(self):
        umount(self.where)


MKFS = {
    "ext4": (32, ["mkfs.ext4", "-q", "-F", "-E",
                  "nodiscard,lazy_itable_init=0,lazy_journal_init=0"]),
    "xfs": (320, ["mkfs.xfs", "-q", "-K"]),
    "btrfs": (128, ["mkfs.btrfs", "-q", "-K", "-f"]),
}
CUT_OPTIONS = {"xfs": "nouuid"}


def make(kind, file, *more):
    size, command = MKFS[kind]
    with open(file, "wb") as f:
        f.truncate(size << 20)
    subprocess.run([*command, *more, str(file)], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)


class Recorder:
    """Serves image as top/disk; log of what happens to it in top/disk.log."""

    def __init__(self, top, image):
        self.file, self.log = top / "disk", top / "disk.log"
        self.file.touch()
        self._count = mmap.mmap(-1, mmap.PAGESIZE)
        fuse = os.open(node("/dev/fuse", stat.S_IFCHR, 10, 229), os.O_RDWR)
        mount("recorder", str(self.file), "fuse",
              f"fd={fuse},rootmode=100000,user_id=0,group_id=0,max_read=131072")
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _Server(fuse, image, self.log, self._count).run()
            finally:
                os._exit(1)
        os.close(fuse)

    def count(self):
        """So many records there are; never less than were when we asked."""
        return struct.unpack_from("<Q", self._count)[0]

    def close(self):
        umount(self.file)
        os.waitpid(self.pid, 0)


class _Server:
    def __init__(self, fuse, image, log, count):
        self.fuse, self.count = fuse, count
        self.image = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.image).st_size
        self.log = open(log, "wb", buffering=0)
        self.records = 0
        self.calls = {
            INIT: self.init, GETATTR: self.attr, SETATTR: self.attr,
            OPEN: lambda b: struct.pack("<QII", 1, FOPEN_DIRECT_IO, 0),
            READ: self.read, WRITE: self.write, FSYNC: self.flush,
            STATFS: lambda b: struct.pack("<5Q4I24x", *[0] * 5, 512, 255, 512,
                                          0),
            RELEASE: lambda b: b"", FLUSH: lambda b: b""}

    def run(self):
        while True:
            try:
                asked = os.read(self.fuse, MAX_WRITE + 65536)
            except OSError as e:
                if e.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                os._exit(0 if e.errno == errno.ENODEV else 1)  # unmounted
            _, what, unique = IN_HEADER.unpack_from(asked)[:3]
            if what in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            call, error, answer = self.calls.get(what), 0, b""
            if call is None:
                error = -(errno.EOPNOTSUPP if what == 43 else errno.ENOSYS)
            else:
                answer = call(memoryview(asked)[IN_HEADER.size:])
            os.write(self.fuse, OUT_HEADER.pack(
                OUT_HEADER.size + len(answer), error, unique) + answer)

    def init(self, body):
        ahead = struct.unpack_from("<4I", body)[2]
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, ahead, MAX_PAGES, 12, 9,
                           MAX_WRITE, 1, MAX_WRITE // 4096, 0, 0)

    def attr(self, body):
        return struct.pack("<QII6Q10I", 3600, 0, 0, 1, self.size,
                           self.size // 512, 0, 0, 0, 0, 0, 0,
                           stat.S_IFREG | 0o600, 1, 0, 0, 0, 4096,
                           0)

    def read(self, body):
        _, at, n = struct.unpack_from("<QQI", body)
        return os.pread(self.image, n, at)

    def record(self, at, data):
        self.log.write(RECORD.pack(at, len(data)) + data)
        self.records += 1
        struct.pack_into("<Q", self.count, 0, self.records)

    def write(self, body):
        _, at, n = struct.unpack_from("<QQI", body)
        data = bytes(body[40:40 + n])
        os.pwrite(self.image, data, at)
        self.record(at, data)
        return struct.pack("<II", n, 0)

    def flush(self, body):
        self.record(0, b"")
        return b""
