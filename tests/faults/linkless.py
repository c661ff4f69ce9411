"""A file system of our own without link(2), as some network stores are.

Everything is in the memory of a child process that answers the kernel's FUSE
requests; ops has a line for each one that names a file.
"""

import errno
import os
import stat
import struct
import time
from itertools import count

import disk
from disk import IN_HEADER, MAX_PAGES, MAX_WRITE, OUT_HEADER

# linux/fuse.h
(LOOKUP, FORGET, GETATTR, SETATTR, MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK,
 OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT, OPENDIR, READDIR,
 RELEASEDIR, FSYNCDIR, CREATE, INTERRUPT, BATCH_FORGET, RENAME2) = (
     1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 25, 26, 27, 28,
     29, 30, 35, 36, 42, 45)
FATTR_MODE, FATTR_UID, FATTR_GID, FATTR_SIZE = 1, 2, 4, 8
FATTR_MTIME, FATTR_MTIME_NOW = 32, 256
BIG_WRITES, NOREPLACE = 1 << 5, 1
EMPTY = b""


class Refuse(Exception):
    """The argument is an errno."""


class Node:
    def __init__(self, number, mode, uid, gid):
        self.number, self.mode, self.uid, self.gid = number, mode, uid, gid
        self.children, self.data, self.mtime = {}, bytearray(), time.time()

    def attr(self):
        s, n = divmod(int(self.mtime * 10**9), 10**9)
        size = len(self.data)
        return struct.pack("<6Q10I", self.number, size, size // 512 + 1, s, s,
                           s, n, n, n, self.mode, 1, self.uid, self.gid, 0,
                           4096, 0)


def names(body):
    return bytes(body).split(b"\0")[:-1]


class Linkless:
    """Mounted at where; noreplace: it knows RENAME_NOREPLACE."""

    def __init__(self, where, ops, noreplace):
        self.where, self.ops = str(where), ops
        os.makedirs(self.where)
        fuse = os.open(disk.node("/dev/fuse", stat.S_IFCHR, 10, 229), os.O_RDWR)
        disk.mount("linkless", self.where, "fuse",
                   f"fd={fuse},rootmode=40755,user_id=0,group_id=0,"
                   "allow_other,default_permissions")
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _Server(fuse, ops, noreplace).run()
            finally:
                os._exit(1)
        os.close(fuse)

    def close(self):
        disk.umount(self.where)
        os.waitpid(self.pid, 0)


class _Server:
    def __init__(self, fuse, ops, noreplace):
        self.fuse, self.noreplace = fuse, noreplace
        self.log = open(ops, "w", buffering=1)
        self.numbers = count(2)
        self.nodes = {1: Node(1, stat.S_IFDIR | 0o755, 0, 0)}
        self.calls = {
            INIT: self.init, LOOKUP: self.lookup, GETATTR: self.getattr,
            SETATTR: self.setattr, MKDIR: self.mkdir, MKNOD: self.mknod,
            CREATE: self.create, UNLINK: self.unlink, RMDIR: self.rmdir,
            RENAME: self.rename, RENAME2: self.rename2, LINK: self.link,
            READ: self.read, WRITE: self.write, READDIR: self.readdir,
            OPEN: self.open, OPENDIR: self.open, STATFS: self.statfs}
        for done in (RELEASE, RELEASEDIR, FSYNC, FSYNCDIR, FLUSH):
            self.calls[done] = lambda body: EMPTY

    def run(self):
        while True:
            try:
                asked = os.read(self.fuse, MAX_WRITE + 65536)
            except OSError as e:
                if e.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                os._exit(0 if e.errno == errno.ENODEV else 1)  # unmounted
            _, what, unique, node, self.uid, self.gid, _, _ = \
                IN_HEADER.unpack_from(asked)
            if what in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            self.node, error, answer = self.nodes.get(node), 0, EMPTY
            try:
                if what not in self.calls:
                    raise Refuse(errno.ENOSYS)
                answer = self.calls[what](memoryview(asked)[IN_HEADER.size:])
            except Refuse as e:
                error = -e.args[0]
            os.write(self.fuse, OUT_HEADER.pack(
                OUT_HEADER.size + len(answer), error, unique) + answer)

    def init(self, body):
        ahead = struct.unpack_from("<4I", body)[2]
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, ahead,
                           MAX_PAGES | BIG_WRITES, 12, 9, MAX_WRITE, 1,
                           MAX_WRITE // 4096, 0, 0)

    def note(self, what, *what_names):
        self.log.write(" ".join([what, *(n.decode() for n in what_names)])
                       + "\n")

    # --- names

    def entry(self, node):
        return struct.pack("<4Q2I", node.number, 0, 0, 0, 0, 0) + node.attr()

    def child(self, name):
        if name not in self.node.children:
            raise Refuse(errno.ENOENT)
        return self.node.children[name]

    def lookup(self, body):
        return self.entry(self.child(names(body)[0]))

    def make(self, name, mode):
        if name in self.node.children:
            raise Refuse(errno.EEXIST)
        node = Node(next(self.numbers), mode, self.uid, self.gid)
        self.nodes[node.number] = self.node.children[name] = node
        self.note("make", name)
        return node

    def mkdir(self, body):
        mode, = struct.unpack_from("<I", body)
        return self.entry(self.make(names(body[8:])[0], stat.S_IFDIR | mode))

    def mknod(self, body):
        mode, = struct.unpack_from("<I", body)
        return self.entry(self.make(names(body[16:])[0], mode))

    def create(self, body):
        mode = struct.unpack_from("<2I", body)[1]
        node = self.make(names(body[16:])[0], stat.S_IFREG | mode)
        return self.entry(node) + self.open(body)

    def unlink(self, body):
        name = names(body)[0]
        self.child(name)
        self.note("unlink", name)
        del self.node.children[name]
        return EMPTY

    def rmdir(self, body):
        if self.child(names(body)[0]).children:
            raise Refuse(errno.ENOTEMPTY)
        return self.unlink(body)

    def move(self, kind, to, old_new, flags=0):
        goal, (old, new) = self.nodes[to], names(old_new)
        self.note(kind, old, new)
        node = self.child(old)
        if flags & NOREPLACE and new in goal.children:
            raise Refuse(errno.EEXIST)
        del self.node.children[old]
        goal.children[new] = node
        return EMPTY

    def rename(self, body):
        return self.move("rename", *struct.unpack_from("<Q", body), body[8:])

    def rename2(self, body):
        to, flags = struct.unpack_from("<QI", body)
        if flags != NOREPLACE or not self.noreplace:
            raise Refuse(errno.EINVAL)
        return self.move("noreplace", to, body[16:], flags)

    def link(self, body):
        self.note("link", names(body[8:])[0])
        raise Refuse(errno.EPERM)

    def readdir(self, body):
        _, at, n = struct.unpack_from("<QQI", body)
        out = EMPTY
        for i, (name, node) in enumerate(list(self.node.children.items())):
            one = struct.pack("<QQII", node.number, i + 1, len(name),
                              node.mode >> 12) + name
            one += bytes(-len(one) % 8)
            if i < at:
                continue
            if len(out) + len(one) > n:
                break
            out += one
        return out

    # --- what is in them

    def open(self, body):
        return struct.pack("<QII", 1, 0, 0)

    def getattr(self, body):
        return struct.pack("<QII", 0, 0, 0) + self.node.attr()

    def setattr(self, body):
        v = struct.unpack_from("<IIQQQQQQ8I", body)
        valid, size, node = v[0], v[3], self.node
        if valid & FATTR_MODE:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(v[11])
        if valid & FATTR_UID:
            node.uid = v[13]
        if valid & FATTR_GID:
            node.gid = v[14]
        if valid & FATTR_SIZE:
            del node.data[size:]
            node.data += bytes(size - len(node.data))
        if valid & FATTR_MTIME_NOW:
            node.mtime = time.time()
        elif valid & FATTR_MTIME:
            node.mtime = v[6] + v[9] / 10**9
        return self.getattr(body)

    def read(self, body):
        _, at, n = struct.unpack_from("<QQI", body)
        return bytes(self.node.data[at:at + n])

    def write(self, body):
        _, at, n = struct.unpack_from("<QQI", body)
        node = self.node
        node.data += bytes(max(0, at - len(node.data)))
        node.data[at:at + n] = body[40:40 + n]
        node.mtime = time.time()
        return struct.pack("<II", n, 0)

    def statfs(self, body):
        return struct.pack("<5Q4I24x", 1 << 20, 1 << 20, 1 << 20, 1 << 20,
                           1 << 20, 4096, 255, 4096, 0)
