"""postconf: prints as the original, edits without losing anything."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

MAIN = """\
# A comment that stays.
compatibility_level = 3.6

myhostname = mail.test.example
mydestination = localhost,
    # a comment inside
    other.example
virtual_mailbox_domains   =   example.com
    example.org
message_size_limit = 20000000
#message_size_limit = 1
virtual_alias_maps =
smtpd_banner = $myhostname ESMTP
"""


@pytest.fixture
def etc(top):
    path = top / "etc"
    path.mkdir()
    (path / "main.cf").write_text(MAIN)
    (path / "master.cf").write_text("")
    return path


def both(run, real, etc, *args):
    """Ours and the original's stdout and status for the same question."""
    mine, theirs = (what("postconf", "-c", etc, *args, check=False)
                    for what in (run, real))
    return ((mine.stdout, mine.returncode), (theirs.stdout,
                                             theirs.returncode))


@pytest.mark.parametrize("args", [
    ["-n"], ["-nh"], ["-nH"], ["-nx"], ["message_size_limit"],
    ["-h", "message_size_limit"], ["-H", "message_size_limit"],
    ["-d", "message_size_limit"], ["mydestination", "myhostname"],
    ["-h", "virtual_alias_maps"], ["virtual_alias_maps"],
    ["virtual_mailbox_domains"], ["-x", "smtpd_banner"], ["smtpd_banner"],
    ["-d", "virtual_mailbox_limit", "virtual_minimum_uid",
     "virtual_mailbox_lock", "virtual_uid_maps"], ["nosuchparameter"],
    ["-n", "message_size_limit", "mynetworks"]], ids=" ".join)
def test_prints_as_the_original(etc, run, real, args):
    mine, theirs = both(run, real, etc, *args)
    assert mine == theirs


EDITS = [
    ["message_size_limit=5000"], ["-e", "message_size_limit=5000"],
    ["mydestination = only.example"], ["brand_new=x y"], ["myhostname="],
    ["virtual_mailbox_domains=a.example b.example"],
    ["message_size_limit=1", "brand_new=2"], ["-#", "mydestination"],
    ["-X", "mydestination"], ["-X", "nosuchparameter"]]


@pytest.mark.parametrize("args", EDITS, ids=" ".join)
def test_edits_as_the_original(etc, run, real, args):
    file, results = etc / "main.cf", []
    for what in (run, real):
        file.write_text(MAIN)
        p = what("postconf", "-c", etc, *args, check=False)
        results.append((p.returncode, p.stdout, file.read_text()))
    assert results[0] == results[1]
    assert "# A comment that stays.\n" in results[0][2]


@pytest.mark.ours
@pytest.mark.parametrize("mode, uid, gid", [
    (0o600, 0, 0), (0o640, 0, 906), (0o644, 906, 906)])
def test_mode_and_owner_stay(etc, run, mode, uid, gid):
    file = etc / "main.cf"
    os.chown(file, uid, gid)
    file.chmod(mode)
    run("postconf", "-c", etc, "-e", "message_size_limit=5000")
    st = os.stat(file)
    assert (st.st_mode & 0o7777, st.st_uid, st.st_gid) == (mode, uid, gid)


@pytest.mark.ours
def test_last_line_without_newline(etc, run):
    (etc / "main.cf").write_text("a = x")
    run("postconf", "-c", etc, "-e", "b=y")
    assert (etc / "main.cf").read_text() == "a = x\nb = y\n"


@pytest.mark.ours
def test_refused_edits_change_nothing(etc, run):
    p = run("postconf", "-c", etc, "-e", "good=1", "bad", check=False)
    assert p.returncode == 1
    assert "missing '=' after attribute name: \"bad\"" in p.stderr
    assert (etc / "main.cf").read_text() == MAIN
    assert sorted(os.listdir(etc)) == ["main.cf", "master.cf"]


MASTER = """\
# What listens.
smtp      inet  n       -       y       -       -       smtpd
    -o smtpd_banner=hello
    # inside
    -o { smtpd_helo_restrictions = permit, reject } -v

# What delivers.
virtual   unix  -       n       n       -       -       virtual
old       unix  -       n       n       -       -       pipe
    flags=R user=nobody argv=/bin/false ${recipient}
"""


@pytest.mark.parametrize("args", [
    ["-M"], ["-Mf"], ["-M", "smtp/inet"], ["-M", "nosuch"], ["-F"],
    ["-FH", "*/unix/type"], ["-Fh", "old/unix/process_limit"], ["-P"],
    ["-Px", "smtp"], ["-P", "*/*/smtpd_banner"], ["-l"],
    ["-T", "run-version"], ["-T", "public-key-algorithms"]], ids=" ".join)
def test_shows_master_cf_as_the_original(etc, run, real, args):
    (etc / "master.cf").write_text(MASTER)
    mine, theirs = both(run, real, etc, *args)
    assert mine == theirs


@pytest.mark.parametrize("args", [
    ["-M", "old/unix=old unix - n n - 9 pipe flags=R argv=/bin/true"],
    ["-M", "new/unix=new unix - n n - - spawn argv=/bin/cat -o a=b"],
    ["-MX", "old/unix"], ["-M#", "smtp/inet"], ["-F", "*/*/chroot=n"],
    ["-F", "old/unix/command=pipe flags=X argv=/bin/true -o x"],
    ["-P", "smtp/inet/smtpd_banner=x", "virtual/unix/new=1"],
    ["-PX", "smtp/inet/smtpd_banner"], ["-F", "old/unix/chroot=maybe"],
    ["-P", "nosuch/inet/a=b"]], ids=" ".join)
def test_edits_master_cf_as_the_original(etc, run, real, args):
    file, results = etc / "master.cf", []
    for what in (run, real):
        file.write_text(MASTER)
        p = what("postconf", "-c", etc, *args, check=False)
        results.append((p.returncode, p.stdout, file.read_text()))
    assert results[0] == results[1]
    assert "# What listens.\n" in results[0][2]


@pytest.mark.ours
@pytest.mark.parametrize("file, option", [
    ("main.cf", "n{}=x"), ("master.cf", "smtp/inet/n{}=x")])
def test_edits_together_with_the_original(etc, run, real, file, option):
    """Both programs take the same lock: no edit of either is lost."""
    (etc / "master.cf").write_text(MASTER)
    mode = ["-P"] if file == "master.cf" else []
    count = 24

    def edit(n):
        what = run if n % 2 else real
        return what("postconf", "-c", etc, *mode, option.format(n))

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(edit, range(count)))
    text = (etc / file).read_text()
    assert [n for n in range(count) if f"n{n}" not in text.replace(
        "=", " ").split()] == []
    assert sorted(os.listdir(etc)) == ["main.cf", "master.cf"]


@pytest.mark.ours
@pytest.mark.parametrize("file, args", [
    ("main.cf", ["a=b"]), ("master.cf", ["-P", "smtp/inet/a=b"])])
def test_a_link_stays_one(etc, top, run, file, args):
    target = top / "elsewhere"
    target.write_text(MASTER if file == "master.cf" else MAIN)
    (etc / file).unlink()
    (etc / file).symlink_to("../elsewhere")
    run("postconf", "-c", etc, *args)
    assert (etc / file).is_symlink()
    assert "a" in target.read_text().replace("=", " ").split()


@pytest.mark.ours
def test_types_that_are_there(etc, run):
    """-m names what a lookup can open, and nothing else."""
    types = run("postconf", "-c", etc, "-m").stdout.split()
    assert types == sorted(types) and "hash" in types
    for name in types + ["nosuchtype"]:
        p = subprocess.run(["postmap", "-c", str(etc), "-q", "x",
                            f"{name}:static:a" if name == "proxy"
                            else f"{name}:/nonexistent"],
                           capture_output=True, text=True)
        unknown = "unsupported dictionary type" in p.stderr
        assert unknown == (name not in types), (name, p.stderr)
