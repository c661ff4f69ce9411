"""Table files: the real postmap reads ours, ours reads the real one's."""

import os
import shutil
import subprocess
import time

import pytest

from lib.daemon import VMAILBOX
from lib.mail import message
from lib.smtp import send

pytestmark = pytest.mark.ours

SOURCE = "".join(f"user{i}@example.com example.com/user{i}/\n"
                 for i in range(3000)) + (
    "# a comment\nUPPER@Example.com  value with  blanks \n"
    "\"quoted key\" x\nlong@example.com " + "y" * 5000 + "\n"
    "folded@example.com one\n   two\n")
KEYS = ["user0@example.com", "user2999@example.com", "upper@example.com",
        "UPPER@EXAMPLE.COM", '"quoted key"', "long@example.com",
        "folded@example.com", "missing@example.com", ""]


@pytest.fixture
def etc(top):
    path = top / "etc"
    path.mkdir()
    (path / "main.cf").write_text("compatibility_level = 3.6\n")
    (path / "table").write_text(SOURCE)
    return path


def dump(what, kind, etc):
    return sorted(what("postmap", "-c", etc, "-s",
                       f"{kind}:{etc}/table").stdout.splitlines())


@pytest.mark.parametrize("kind", ["hash", "btree"])
def test_both_ways(etc, run, real, kind):
    name = f"{kind}:{etc}/table"
    seen = []
    for builder in (run, real):
        (etc / "table.db").unlink(missing_ok=True)
        builder("postmap", "-c", etc, name)
        for reader in (run, real):
            seen.append([dump(reader, kind, etc)] + [
                (r.returncode, r.stdout, r.stderr)
                for r in (reader("postmap", "-c", etc, "-q", k, name,
                                 check=False) for k in KEYS)])
    assert len(seen[0][0]) == 3004
    assert seen[0] == seen[1] == seen[2] == seen[3]


@pytest.mark.parametrize("kind", ["hash", "btree"])
def test_same_records_in_the_file(etc, run, real, kind):
    """Down to the NUL that ends every key and value."""
    dumps = []
    for builder in (run, real):
        (etc / "table.db").unlink(missing_ok=True)
        builder("postmap", "-c", etc, f"{kind}:{etc}/table")
        text = subprocess.run(["db_dump", "-p", etc / "table.db"], check=True, text=True,
                              capture_output=True).stdout
        lines = text.partition("HEADER=END\n")[2].splitlines()[:-1]
        dumps.append(sorted(zip(lines[::2], lines[1::2])))
        assert f"type={kind}" in text
    assert dumps[0] == dumps[1]


def test_the_real_one_changes_ours(etc, run, real):
    name = f"hash:{etc}/table"
    run("postmap", "-c", etc, name)
    real("postmap", "-c", etc, "-d", "user5@example.com", name)
    real("postmap", "-c", etc, "-i", name, input="added@example.com new\n")
    assert run("postmap", "-c", etc, "-q", "user5@example.com", name,
               check=False).returncode == 1
    assert run("postmap", "-c", etc, "-q", "added@example.com",
               name).stdout == "new\n"


def test_modes(etc, run, real):
    for mode in (0o600, 0o640, 0o644, 0o400):
        made = []
        for builder in (run, real):
            (etc / "table.db").unlink(missing_ok=True)
            (etc / "table").chmod(mode)
            builder("postmap", "-c", etc, f"hash:{etc}/table")
            made.append(os.stat(etc / "table.db").st_mode)
        assert made[0] == made[1]


@pytest.mark.parametrize("kind", ["hash", "btree"])
def test_vdeliver_reads_the_real_ones(vdeliver, real, kind):
    host = vdeliver({"virtual_mailbox_maps": f"{kind}:/run/replaced"})
    host.write_config(virtual_mailbox_maps=f"{kind}:{host.dir}/theirs")
    (host.dir / "theirs").write_text(VMAILBOX)
    real("postmap", "-c", host.dir, f"{kind}:{host.dir}/theirs")
    host.start()
    assert send(host.where, "s@remote.example", "VirtualUser1@example.com",
                message(1)).startswith("250 ")
    assert len(host.new("test1")) == 1


def test_real_postfix_reads_ours(real_postfix):
    host = real_postfix().start()  # its tables are made by our postmap
    assert send(host.where, "s@remote.example", "virtualuser1@example.com",
                message(1)).startswith("250 ")
    assert send(host.where, "s@remote.example", "nobody@example.com",
                message(1)).startswith("550 5.1.1 ")


# --- what a build does to the table that is there

KINDS = {"hash": "db", "btree": "db", "lmdb": "lmdb", "cdb": "cdb"}


@pytest.fixture(params=KINDS)
def table(etc, run, request):
    """A table that was built, and a new source for it."""
    kind = request.param
    file = etc / f"table.{KINDS[kind]}"
    run("postmap", "-c", etc, f"{kind}:{etc}/table")
    (etc / "table").write_text("a new\n")
    return etc, f"{kind}:{etc}/table", file


def strace(etc, *options):
    return ("-f", "-qq", "-o", etc / "trace", *options,
            "postmap", "-c", etc)


def answers(run, table, key):
    etc, name, _ = table
    return run("postmap", "-c", etc, "-q", key, name, check=False).stdout


def test_a_rebuild_leaves_the_old_file_alone(table, run):
    etc, name, file = table
    before = file.read_bytes()
    os.link(file, etc / "old")
    run("strace", *strace(etc, "-y", "-e",
                          "trace=fsync,fdatasync,/^rename"), name)
    assert (etc / "old").read_bytes() == before
    assert answers(run, table, "a") == "new\n"
    # The new one is on disk before it gets the name, the name afterwards.
    steps = [line.split(None, 1)[1]
             for line in (etc / "trace").read_text().splitlines()]
    at = [i for i, s in enumerate(steps) if s.startswith("rename")]
    assert len(at) == 1 and f"{file}\"" in steps[at[0]]
    assert any(s.startswith("fsync(") and ".new." in s
               for s in steps[:at[0]])
    assert any(s.startswith("fsync(") and f"<{etc}>" in s
               for s in steps[at[0]:])


def test_a_build_syncs_the_file_and_the_directory_once(table, run):
    etc, name, _ = table
    run("strace", *strace(etc, "-y", "-e", "trace=fsync,fdatasync,msync,"
                          "write,pwrite64,writev,pwritev,/^rename"), name)
    calls = [line.split(None, 1)[1].split("(")[0]
             for line in (etc / "trace").read_text().splitlines()
             if ".new." in line or f"<{etc}>" in line]
    assert [c for c in calls if "sync" in c] == ["fsync", "fsync"]
    assert calls[-3:] == ["fsync", "rename", "fsync"]


def test_a_build_does_not_carry_openssl():
    libraries = subprocess.run(["ldd", shutil.which("maptool")],
                               capture_output=True, text=True,
                               check=True).stdout
    assert "libdb" in libraries
    assert "libcrypto" not in libraries and "libssl" not in libraries


@pytest.mark.parametrize("fault", [
    "/^fsync:error=EIO", "/^fsync:signal=KILL", "/^rename:error=EACCES",
    "/^rename:signal=KILL", "/^fchmod:signal=TERM", "/^fchmod:error=EPERM"])
def test_a_build_that_fails_leaves_the_old_table(table, run, fault):
    etc, name, file = table
    before = file.read_bytes()
    p = run("strace", *strace(etc, "-e", f"inject={fault}"), name, check=False)
    if "TERM" in fault:  # held until it is done
        assert answers(run, table, "a") == "new\n"
        return
    assert p.returncode != 0
    assert ("fatal: " in p.stderr) == ("error" in fault)
    assert file.read_bytes() == before
    assert answers(run, table, "upper@example.com") == "value with  blanks\n"
    # What is left of it goes with the next build.
    run("postmap", "-c", etc, name)
    assert answers(run, table, "a") == "new\n"
    assert sorted(f.name for f in etc.iterdir()) == sorted(
        ["main.cf", "table", "trace", file.name])


def test_no_room(table, run, top):
    """The disk is full: the old table stays."""
    etc, name, file = table
    (etc / "table").write_text(SOURCE * 2)
    before = file.read_bytes()
    disk = top / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1100k", "tmpfs", disk],
                   check=True)
    try:
        for f in (etc / "main.cf", file):
            (disk / f.name).write_bytes(f.read_bytes())
        text = "".join(f"key{i} {'x' * 200}\n" for i in range(20000))
        os.symlink(etc / "table", disk / "table")
        (etc / "table").write_text(text)
        p = run("postmap", "-c", etc, name.replace(str(etc), str(disk)),
                check=False)
        assert p.returncode == 1 and "fatal: " in p.stderr
        assert (disk / file.name).read_bytes() == before
        assert sorted(f.name for f in disk.iterdir()) == sorted(
            ["main.cf", "table", file.name])
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_source_that_cannot_be_read(table, run):
    etc, name, file = table
    before = file.read_bytes()
    p = run("strace", *strace(etc, "-P", etc / "table", "-e",
                              "inject=read:error=EIO"), name, check=False)
    assert p.returncode == 1
    assert f"fatal: read {etc}/table: Input/output error" in p.stderr
    (etc / "table").unlink()
    (etc / "table").mkdir()
    p = run("postmap", "-c", etc, name, check=False)
    assert p.returncode == 1
    assert f"fatal: read {etc}/table: Is a directory" in p.stderr
    assert file.read_bytes() == before


def test_errors_do_not_rest(etc, run):
    """Nor do files that were changed just now."""
    began = time.monotonic()
    p = run("postmap", "-c", etc, "-q", "a", f"hash:{etc}/none", check=False)
    assert p.returncode == 1 and "fatal: " in p.stderr
    (etc / "main.cf").write_text("compatibility_level = 3.6\nx = 1\nx = 2\n")
    (etc / "table").write_text("a 1\nonly-a-key\n")
    p = run("postmap", "-c", etc, "-q", "a", f"texthash:{etc}/table")
    assert p.stdout == "1\n"
    assert p.stderr.count("overriding earlier entry") == 1
    assert p.stderr.count("expected format: key whitespace value") == 1
    assert time.monotonic() - began < 0.9


def test_answers_before_an_error_are_printed(etc, run):
    p = run("postmap", "-c", etc, "-q", "-", "inline:{a=1}", "fail:x",
            check=False, input="a\na\nb\na\n")
    assert p.returncode == 1
    assert p.stdout == "a\t1\na\t1\n"
    assert "fatal: table fail:x: query error" in p.stderr
