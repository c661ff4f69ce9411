"""maptool's own commands on tables of the real postmap, whole and torn."""

import csv
import io
import json
import os
import random
import subprocess
import time

import pytest

pytestmark = pytest.mark.ours

TYPES = ["hash", "btree", "lmdb", "cdb"]
SUFFIX = {"hash": "db", "btree": "db", "lmdb": "lmdb", "cdb": "cdb"}
RECORDS = {f"user{i}@example.com": f"example.com/user{i}/ {i * 7}"
           for i in range(5000)}
RECORDS["long@example.com"] = "y" * 9000
RECORDS['"quoted key"'] = 'a "value", with commas'


@pytest.fixture
def etc(top):
    path = top / "etc"
    path.mkdir()
    (path / "main.cf").write_text("compatibility_level = 3.6\n"
                                  "recipient_delimiter = +\n")
    (path / "master.cf").write_text("")
    (path / "table").write_text("".join(f"{k}\t{v}\n"
                                        for k, v in RECORDS.items()))
    return path


@pytest.fixture
def tool(run, etc):
    def call(command, *args, **kw):
        return run("maptool", command, "-c", etc, *args, **kw)

    return call


@pytest.fixture
def other(real, run):
    """other("hash"): the real postmap; for lmdb, which it may lack, ours."""
    return lambda kind: run if kind == "lmdb" else real


@pytest.fixture
def built(other, etc):
    """built("hash"): the real postmap made the table; its name."""

    def make(kind, *args):
        name = f"{kind}:{etc}/table"
        other(kind)("postmap", "-c", etc, *args, name)
        return name

    return make


@pytest.mark.parametrize("kind", ["hash", "btree", "lmdb"])
def test_dump(built, tool, kind):
    name = built(kind)
    text = dict(line.split("\t", 1) for line in
                tool("dump", name).stdout.splitlines())
    assert text == RECORDS and list(text) == sorted(text)
    lines = tool("dump", "--format=json", name).stdout.splitlines()
    assert {k: v for line in lines
            for k, v in json.loads(line).items()} == RECORDS
    rows = list(csv.reader(io.StringIO(
        tool("dump", "--format=csv", name).stdout)))
    assert rows[0] == ["key", "value"] and dict(rows[1:]) == RECORDS


@pytest.mark.parametrize("kind", ["hash", "btree", "lmdb"])
def test_source_builds_the_same(built, tool, other, etc, kind):
    name = built(kind)
    (etc / "again").write_text(tool("dump", "--format=source", name).stdout)
    other(kind)("postmap", "-c", etc, f"{kind}:{etc}/again")
    assert tool("diff", name, f"{kind}:{etc}/again").stdout == ""


@pytest.mark.parametrize("kind", ["hash", "btree", "lmdb"])
def test_verify_and_diff_after_changes(built, tool, other, etc, kind):
    name = built(kind)
    assert tool("verify", name).stdout.endswith("good\n")
    gone = [f"user{i}@example.com" for i in range(0, 5000, 3)]
    other(kind)("postmap", "-c", etc, "-d", "-", name,
                input="\n".join(gone) + "\n")
    other(kind)("postmap", "-c", etc, "-i", name,
                input="new@example.com " + "z" * 5000 + "\n")
    p = tool("verify", "--no-source", name)
    assert p.stdout.endswith("good\n")
    p = tool("verify", name, check=False)
    assert p.returncode == 1
    assert "1667 keys only in the source, 1 only in the table" in p.stdout
    p = tool("diff", f"{etc}/table", name, check=False)
    assert p.returncode == 1
    assert sorted(p.stdout.splitlines()) == sorted(
        [f"-{k}" for k in gone] + ["+new@example.com"])


@pytest.mark.parametrize("kind", ["hash", "btree", "lmdb"])
def test_the_real_one_reads_what_was_converted(built, tool, other, etc, kind):
    for target in ("hash", "btree", "lmdb"):
        name = built(kind)
        to = f"{target}:{etc}/new"
        tool("convert", name, to)
        lines = other(target)("postmap", "-c", etc, "-s", to).stdout.splitlines()
        assert dict(line.split("\t", 1) for line in lines) == RECORDS
        assert tool("verify", to).stdout.endswith("good\n")


def test_aliases(real, tool, etc):
    (etc / "aliases").write_text('root: me, "|/bin/x y"\n"a b": c\n')
    real("postalias", "-c", etc, f"hash:{etc}/aliases")
    assert tool("verify", f"hash:{etc}/aliases").stdout.endswith("good\n")
    tool("convert", f"hash:{etc}/aliases", f"btree:{etc}/new")
    dumps = [real("postalias", "-c", etc, "-s", name).stdout.splitlines()
             for name in (f"hash:{etc}/aliases", f"btree:{etc}/new")]
    assert sorted(dumps[0]) == sorted(dumps[1])
    assert len(dumps[0]) >= 3


@pytest.mark.parametrize("kind", ["hash", "btree"])
def test_torn_by_sigkill(tool, etc, kind):
    """Whatever a killed postmap leaves is not called good, unless it is."""
    with open(etc / "table", "w") as f:
        f.writelines(f"user{i}@example.com example.com/user{i}/\n"
                     for i in range(200000))
    torn = 0
    for n in range(6):
        (etc / "table.db").unlink(missing_ok=True)
        p = subprocess.Popen(["/usr/sbin/postmap", "-c", etc,
                              f"{kind}:{etc}/table"])
        while not (etc / "table.db").exists():
            time.sleep(0.001)
        time.sleep(0.15 * (n + 1))
        p.kill()
        p.wait()
        v = tool("verify", f"{kind}:{etc}/table", check=False)
        d = tool("diff", f"{etc}/table", f"{kind}:{etc}/table", check=False)
        assert v.returncode in (0, 1)
        assert (v.returncode == 0) == (d.returncode == 0), v.stdout
        torn += v.returncode
    assert torn


@pytest.mark.parametrize("kind", TYPES)
def test_damaged(run, tool, etc, kind):
    """Noise anywhere: every command ends, and says why."""
    rng = random.Random(kind)
    (etc / "t").write_text("user@example.com one\nb@example.com two\n")
    path = etc / f"t.{SUFFIX[kind]}"
    run("postmap", "-c", etc, f"{kind}:{etc}/t")
    whole = path.read_bytes()
    for _ in range(40):
        bad = bytearray(whole)
        at = rng.randrange(len(bad))
        bad[at:at + 8] = rng.randbytes(8)
        path.write_bytes(bad[:rng.choice([len(bad), at])])
        for command in (["verify"], ["dump"], ["query", "user+x@example.com"]):
            p = tool(*command, f"{kind}:{etc}/t", check=False)
            assert p.returncode in (0, 1, 2), (command, p)
            assert p.returncode != 2 or "error: " in p.stderr


def test_migrate(tool, real, run, etc):
    (etc / "aliases").write_text("root: me\n")
    (etc / "main.cf").write_text(
        "compatibility_level = 3.6\n"
        f"virtual_alias_maps = hash:{etc}/table\n"
        f"alias_maps = hash:{etc}/aliases\n"
        "alias_database = $alias_maps\n")
    run("postmap", "-c", etc, f"hash:{etc}/table")
    os.chmod(etc / "main.cf", 0o600)
    tool("migrate", "-n")
    assert not (etc / "table.lmdb").exists()
    tool("migrate", "--to", "lmdb")
    assert (etc / "main.cf").stat().st_mode & 0o777 == 0o600
    assert real("postconf", "-c", etc, "-h", "virtual_alias_maps"
                ).stdout == f"lmdb:{etc}/table\n"
    assert run("postmap", "-c", etc, "-q", "user7@example.com",
               f"lmdb:{etc}/table").stdout == RECORDS[
                   "user7@example.com"] + "\n"
    assert run("postalias", "-c", etc, "-q", "root",
               f"lmdb:{etc}/aliases").stdout == "me\n"


def test_build_what_changed(tool, real, etc):
    (etc / "main.cf").write_text("compatibility_level = 3.6\nalias_maps =\n"
                                 "alias_database =\n"
                                 f"virtual_alias_maps = hash:{etc}/table\n")
    name = f"hash:{etc}/table"
    assert tool("build", "--all", "-v").stdout == (
        f"{name}: built: there is no table\n")
    assert tool("build", "--all", "-v").stdout == f"{name}: up to date\n"
    real("postmap", "-c", etc, "-d", "user1@example.com", name)
    p = tool("build", "--all", "--check-only", check=False)
    assert (p.returncode, p.stdout) == (
        1, f"{name}: out of date: the table was changed by others\n")
    tool("build", "--all")
    assert real("postmap", "-c", etc, "-q", "user1@example.com",
                name).stdout == RECORDS["user1@example.com"] + "\n"


def test_check_and_query(tool, real, built, etc):
    built("hash")
    assert tool("query", "user7+list@example.com",
                f"hash:{etc}/table").stdout == RECORDS[
                    "user7@example.com"] + "\n"
    (etc / "bad").write_text("a b\nnovalue\n\"unb x\nA c\nkey: v\n")
    told = real("postmap", "-c", etc, f"hash:{etc}/bad").stderr
    p = tool("check", etc / "bad", check=False)
    assert p.returncode == 1
    for line in told.splitlines():
        text = line.partition("warning: ")[2]
        if "duplicate" not in text:
            assert text in p.stdout
    assert 'line 4: duplicate entry: "a", already on line 1' in p.stdout
