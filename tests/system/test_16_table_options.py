"""postmap and postalias: options of today's Postfix, and what ours add."""

import json
import os
import socket
import threading

import pytest

from lib.daemon import VMAILBOX
from lib.mail import message
from lib.smtp import send

pytestmark = pytest.mark.ours

MESSAGE = """From: a@example.com
Subject: hello
 world
Content-Type: multipart/mixed; boundary=xx

--xx
X-Part: one

the body
--xx--
"""


@pytest.fixture
def etc(top):
    path = top / "etc"
    path.mkdir()
    (path / "main.cf").write_text("compatibility_level = 3.6\n")
    (path / "table").write_text("a 1\nb 2\n")
    return path


@pytest.fixture
def postmap(run, etc):
    def call(*args, name="postmap", **kw):
        return run(name, "-c", etc, *args, cwd=etc, check=False, **kw)

    return call


def answer(p):
    return p.returncode, p.stdout, p.stderr


# --- keys of a message

@pytest.mark.parametrize("options", ["-h", "-b", "-hb", "-hm", "-bm", "-hbm"])
def test_keys_of_a_message(etc, run, real, options):
    for text in (MESSAGE, "", "\n", "no header\n", MESSAGE * 3):
        seen = [who("postmap", "-c", etc, options, "-q", "-", "static:X",
                    check=False, input=text) for who in (run, real)]
        assert answer(seen[0]) == answer(seen[1])


def test_utf8_in_a_message(postmap):
    table = "regexp:{{/caf/ 1}}"
    for options, found in ((), "caf\udcff\t1\n"), (("-U",), ""):
        p = postmap("-b", *options, "-q", "-", table, input="\ncaf\udcff\n",
                    errors="surrogateescape")
        assert p.stdout == found
        assert ("non-UTF-8 key" in p.stderr) == bool(options)


@pytest.mark.parametrize("args, text", [
    (("-b", "-q", "x", "hash:table"), 'specify -b -h or -m only with "-q -"'),
    (("-h", "-s", "hash:table"), 'specify -b -h or -m only with "-q -"'),
    (("-j", "hash:table"), "specify -j only with -q or -s"),
    (("--atomic", "-s", "hash:table"), "specify --atomic only with -i or -d"),
    (("-q", "a", "-d", "b", "hash:table"), "specify only one of -s -q or -d"),
])
def test_contradictions(postmap, args, text):
    assert answer(postmap(*args)) == (1, "", f"postmap: fatal: {text}\n")


# --- JSON, -v

def test_json(etc, postmap):
    (etc / "table").write_text('"k\\"1" v\\1\t"x"\nb 2\n')
    assert postmap("lmdb:table").returncode == 0
    p = postmap("-j", "-s", "lmdb:table")
    lines = p.stdout.splitlines()
    assert [json.loads(x) for x in lines] == [{'"k\\"1"': 'v\\1\t"x"'},
                                              {"b": "2"}]
    assert lines[1] == '{"b": "2"}'
    assert postmap("-j", "-q", "B", "lmdb:table").stdout == '{"B": "2"}\n'
    assert postmap("-j", "-q", "-", "lmdb:table",
                   input="x\nb\n").stdout == '{"b": "2"}\n'
    (etc / "table").write_text("root: bob\n")
    assert postmap("lmdb:table", name="postalias").returncode == 0
    assert postmap("-j", "-q", "root", "lmdb:table",
                   name="postalias").stdout == '{"root": "bob"}\n'


def test_verbose(postmap):
    assert "build hash:table" in postmap("-v", "hash:table").stderr
    p = postmap("-v", "-q", "a", "hash:table")
    assert p.stdout == "1\n"
    assert '"a": ok' in p.stderr


def test_list_through_proxy(postmap):
    postmap("lmdb:table")
    assert postmap("-s", "proxy:lmdb:table").stdout == "a\t1\nb\t2\n"


# --- alias keys

def test_quoted_alias_keys(etc, postmap):
    (etc / "table").write_text('"a b": c\nplain: d\n')
    for option, stored in ((), "a b:\tc"), (("--quoted-alias-keys",),
                                            '"a b":\tc'):
        postmap(*option, "hash:table", name="postalias")
        assert stored in postmap("-s", "hash:table", name="postalias").stdout
        for key, value in ("a b", "c\n"), ("plain", "d\n"):
            assert postmap("-q", key, "hash:table",
                           name="postalias").stdout == value
    p = postmap("--quoted-alias-keys", "hash:table")
    assert p.returncode == 1 and "usage" in p.stderr


# --- changes in a copy

@pytest.mark.parametrize("kind, suffix", [("hash", "db"), ("btree", "db"),
                                          ("lmdb", "lmdb")])
def test_atomic_changes(etc, postmap, kind, suffix):
    name, file = f"{kind}:table", etc / f"table.{suffix}"
    postmap(name)
    file.chmod(0o640)
    inodes = {os.stat(file).st_ino}
    for args, kw in ((("-i", name), {"input": "c 3\n"}),
                     (("-d", "a", name), {}),
                     (("-d", "-", name), {"input": "b\nx\n"})):
        os.link(file, etc / f"old{len(inodes)}")  # keeps the inode's number
        assert answer(postmap("--atomic", *args, **kw)) == (0, "", "")
        inodes.add(os.stat(file).st_ino)
    assert len(inodes) == 4
    assert postmap("-s", name).stdout == "c\t3\n"
    assert os.stat(file).st_mode & 0o777 == 0o640
    assert postmap("--atomic", "-d", "x", name).returncode == 1
    assert os.stat(file).st_ino in inodes
    p = postmap("--atomic", "-d", "x", "static:y")
    assert p.returncode == 1 and "cannot be changed in a copy" in p.stderr


def test_a_signal_waits_for_the_copy(etc, postmap, run):
    postmap("hash:table")
    p = run("strace", "-f", "-qq", "-o", etc / "trace", "-e",
            "inject=fchmod:signal=TERM", "postmap", "--atomic", "-c", etc,
            "-d", "a", "hash:table", check=False, cwd=etc)
    assert p.returncode != 0
    assert postmap("-s", "hash:table").stdout == "b\t2\n"
    assert sorted(f.name for f in etc.iterdir()) == [
        "main.cf", "table", "table.db", "trace"]


# --- who owns what

def test_a_directory_of_somebody_else(etc, postmap):
    assert postmap("hash:table").stderr == ""
    os.chown(etc, 1234, 1234)
    text = "its directory belongs to uid 1234"
    assert text in postmap("hash:table").stderr
    assert text in postmap("-i", "hash:table", input="c 3\n").stderr
    assert postmap("-o", "hash:table").stderr == ""
    os.chown(etc / "table", 1234, 1234)
    (etc / "table.db").unlink()
    assert postmap("hash:table").stderr == ""


@pytest.mark.parametrize("kind", ["hash", "btree"])
def test_directory_cannot_be_written(etc, postmap, kind):
    """The file can: as the original, and with a warning."""
    postmap(f"{kind}:table")
    os.chown(etc / "table.db", 1234, 1234)
    (etc / "table").write_text("a new\n")
    p = postmap(f"{kind}:table", user=1234, group=1234, extra_groups=[])
    assert answer(p) == (0, "", "postmap: warning: cannot replace table.db "
                         "atomically: Permission denied; rewriting in place\n")
    assert postmap("-s", f"{kind}:table").stdout == "a\tnew\n"
    os.chown(etc / "table.db", 0, 0)
    p = postmap(f"{kind}:table", user=1234, group=1234, extra_groups=[])
    assert answer(p) == (1, "", "postmap: fatal: open database table.db: "
                         "Permission denied\n")


# --- no Berkeley DB

def redirect(etc, level="enable-redirect"):
    (etc / "main.cf").write_text(
        f"compatibility_level = 3.6\nnon_bdb_migration_level = {level}\n"
        "default_database_type = lmdb\ndefault_cache_db_type = cdb\n")


def test_redirect(etc, postmap):
    redirect(etc)
    log = "postmap: redirecting hash:table to lmdb:table\n"
    assert answer(postmap("hash:table")) == (0, "", log)
    assert not (etc / "table.db").exists()
    assert answer(postmap("-q", "a", "hash:table")) == (0, "1\n", log)
    assert answer(postmap("-i", "hash:table", input="c 3\n")) == (0, "", log)
    assert answer(postmap("-d", "a", "hash:table")) == (0, "", log)
    assert answer(postmap("--atomic", "-d", "b", "hash:table")) == (0, "", log)
    assert answer(postmap("-s", "hash:table")) == (0, "c\t3\n", log)
    assert "btree:table to cdb:table" in postmap("btree:table").stderr
    assert (etc / "table.cdb").exists()
    redirect(etc, "disable")
    assert answer(postmap("hash:table")) == (0, "", "")
    assert (etc / "table.db").exists()
    redirect(etc, "nonsense")
    p = postmap("hash:table")
    assert p.returncode == 1 and "non_bdb_migration_level" in p.stderr


def test_a_table_of_another_type_is_there(postmap):
    postmap("lmdb:table")
    p = postmap("-q", "a", "hash:table")
    assert answer(p) == (
        1, "", "postmap: fatal: open database table.db: No such file or "
        "directory; but table.lmdb is there: is lmdb:table meant?\n")


def test_redirect_in_vdeliver(vdeliver, run):
    host = vdeliver()
    host.write_config(non_bdb_migration_level="enable-redirect",
                      default_database_type="lmdb")
    for name in "vmailbox", "virtual":
        (host.dir / f"{name}.db").unlink()
        run("postmap", "-c", host.dir, f"hash:{host.dir}/{name}")
    host.start()
    assert send(host.where, "s@remote.example", "virtualuser1@example.com",
                message(1)).startswith("250 ")
    host.logged(f"redirecting hash:{host.dir}/vmailbox to lmdb:")


# --- servers

class TcpMap(threading.Thread):
    """tcp_table(5) with one answer for every key."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(c,), daemon=True).start()

    def talk(self, c):
        with c, c.makefile("rwb") as f:
            for _ in f:
                f.write(self.answer + b"\n")
                f.flush()

    def close(self):
        self.socket.close()


def test_vdeliver_asks_a_server_for_aliases_alone(vdeliver, closing):
    server = closing(TcpMap(b"200 virtualuser1@example.com"))
    host = vdeliver({"virtual_alias_maps": f"tcp:127.0.0.1:{server.port}",
                     "virtual_alias_domains": ""})
    host.start()
    assert send(host.where, "s@remote.example", "anybody@example.com",
                message(1)).startswith("250 ")
    assert len(host.new("test1")) == 1

    other = vdeliver({"virtual_mailbox_maps": f"tcp:127.0.0.1:{server.port}"})
    other.start()
    assert send(other.where, "s@remote.example", "virtualuser1@example.com",
                message(1)).startswith("451 ")
    other.logged("map is not allowed for security sensitive data")
