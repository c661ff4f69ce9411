"""postconf: prints as the original, edits without losing anything."""

import os

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
