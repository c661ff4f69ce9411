"""Table files: the real postmap reads ours, ours reads the real one's."""

import os
import subprocess

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
