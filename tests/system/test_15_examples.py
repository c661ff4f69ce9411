"""The example files are good as they are."""

import shutil
from pathlib import Path

import pytest

from lib.fetchmail import write_rc

EXAMPLES = Path(__file__).parents[2] / "doc" / "examples"


def test_fetchmailrc(top, run_fetchmail):
    rc = write_rc(top / "rc", (EXAMPLES / "fetchmailrc").read_text())
    r = run_fetchmail(None, "-V", "-f", rc)
    assert r.returncode == 0, r.stderr
    for name in ("pop.example.com", "mail.example.net"):
        assert name in r.stdout


@pytest.mark.ours
def test_main_cf(top, run, vdeliver):
    host = vdeliver()
    for name in ("main.cf", "vmailbox", "virtual"):
        shutil.copy(EXAMPLES / name, "/etc/postfix")
    run("postmap", "/etc/postfix/vmailbox", "/etc/postfix/virtual")
    assert run("postmap", "-q", "virtualuser1@example.com",
               "/etc/postfix/vmailbox").stdout == "example.com/test1/\n"
    host.dir = Path("/etc/postfix")
    p = host.command("-t")
    assert (p.returncode, p.stderr) == (0, "")
