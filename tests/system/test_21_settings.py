"""What would be done: --version, --configdump, --check-config."""

import json

import pytest

from lib.fetchmail import REAL

RC = '''
set daemon 300
poll a.example proto pop3 aka x envelope X
    user bob there with password "s\\x22e" is r=l * here keep
'''


def test_python(run_fetchmail):
    r = run_fetchmail(RC, "--configdump", "-S", "h/25")
    assert r.returncode == 0
    names = {}
    exec(r.stdout, names)
    rc = names["fetchmailrc"]
    server, = rc["servers"]
    user, = server["users"]
    assert rc["poll_interval"] == 300 and server["envelope"] == "X"
    assert user["password"] == 's"e' and user["keep"] == 1
    assert user["localnames"] == [("r", "l"), "*"]
    assert user["smtphunt"] == ["h/25"]


@pytest.mark.ours
def test_json(run_fetchmail):
    r = run_fetchmail(RC, "--configdump=json")
    assert r.returncode == 0
    server, = json.loads(r.stdout)["servers"]
    user, = server["users"]
    assert user["password"] == "*" and server["active"] is True
    assert run_fetchmail(RC, "--configdump=xml").returncode == 5


@pytest.mark.parametrize("how", [("-V",), ("-V", "-v")], ids=str)
def test_version(run_fetchmail, how):
    r = run_fetchmail(RC, *how)
    assert r.returncode == 0
    assert "Options for retrieving from bob@a.example:\n" in r.stdout
    if not REAL:
        assert 's"e' not in r.stdout and "  password *\n" in r.stdout


def test_version_of_nothing(run_fetchmail):
    r = run_fetchmail(None, "-V")
    assert r.returncode == 0
    assert "No mailservers set up -- perhaps " in r.stderr


@pytest.mark.ours
def test_check_config(run_fetchmail):
    r = run_fetchmail(RC + "no sslcertck", "--check-config")
    assert r.returncode == 0 and 's"e' not in r.stdout
    assert "  # warning: no sslcertck: " in r.stdout
    assert r.stdout.endswith(" can be used; 1 warning.\n")
    r = run_fetchmail(RC + "kep", "--check-config")
    assert r.returncode == 5 and "syntax error at kep" in r.stderr
    r = run_fetchmail(RC + "mda \"echo '%F'\"", "--check-config")
    assert r.returncode == 5 and "mda" in r.stderr
