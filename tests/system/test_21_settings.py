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


@pytest.mark.ours
def test_dry_run(run_fetchmail, pop3, sink):
    p, s = pop3(messages=[b"Subject: x\r\n\r\n"]), sink()
    r = run_fetchmail(
        f"poll localhost proto pop3 port {p.port} user user pass secret is "
        f"u@example.com here limit 99 fetchlimit 3 smtphost h/25 "
        f"127.0.0.1/{s.port}", "--dry-run")
    assert r.returncode == 0
    assert r.stdout == f"""user at localhost:
  server: localhost port {p.port}, POP3; TLS must be offered (on loopback: \
may), certificate verified
  fetch: new messages, 3 at most; those over 99 octets are left; old ones are \
left
  to: u@example.com
  by: SMTP at h/25, or 127.0.0.1/{s.port}
  then: deleted on the server
1 message for user at localhost (14 octets).
"""
    assert p.messages and not s.seen and "DELE 1" not in p.seen


@pytest.mark.ours
@pytest.mark.parametrize("rc, ways", [
    ("mda '/bin/x %T' keep fetchall no sslcertck sslproto ''",
     ["TLS: the password goes in clear text, certificate not verified",
      "fetch: all messages; old ones are fetched, too",
      "by: the command /bin/x %T", "then: left on"]),
    ("bsmtp /x ssl flush limit 5 limitflush",
     ["TLS from the first octet", "over 5 octets are deleted unread; old "
      "ones are deleted", "by: the BSMTP file /x"]),
    ("is a b here", ['to: who the header names; nobody found: "postmaster"',
                     "by: SMTP at localhost\n"]),
])
def test_plan(run_fetchmail, rc, ways):
    r = run_fetchmail("poll 127.0.0.1 proto pop3 port 1 envelope X user u "
                      f"pass p {rc}", "--dry-run")
    assert r.returncode == 2
    assert [w for w in ways if w not in r.stdout] == []


@pytest.mark.parametrize("port, options, warns", [
    ("995", "", "--ssl for port 995/service pop3s."),
    ("pop3s", "", "--ssl for port 995/service pop3s."),
    ("993", "", "--ssl for port 993/service imaps."),
    ("110", "ssl", "port 995/service pop3s for --ssl."),
    ("143", "ssl", "port 993/service imaps for --ssl."),
    ("995", "ssl", ""),
    ("110", "", ""),
])
def test_odd_ports(run_fetchmail, port, options, warns):
    r = run_fetchmail(f"poll 127.0.0.1 proto pop3 port {port} user u pass p "
                      f"{options}")
    text = ("WARNING: 127.0.0.1 configuration invalid, you normally need "
            + warns)
    assert r.returncode == 2 and (text in r.stderr) == bool(warns)


@pytest.mark.parametrize("server, user, warns", [
    ("", "is a b here", True),
    ("", "to *", True),
    ("envelope X", "is a b here", False),
    ("no envelope", "is a b here", False),
    ("", "is a here", False),
])
def test_no_envelope(run_fetchmail, server, user, warns):
    r = run_fetchmail(f"poll 127.0.0.1 proto pop3 port 1 {server} user u "
                      f"pass p {user}")
    text = "warning: multidrop for 127.0.0.1 requires envelope option!\n"
    assert (text in r.stderr) == warns
