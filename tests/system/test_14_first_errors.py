"""What people meet first: one line that names thing, reason and remedy."""

import os
import re
import signal
import socket
import subprocess

import pytest

from lib.daemon import BIN
from lib.fetchmail import PLAIN
from lib.mail import message
from lib.smtp import Client, send
from lib.waiting import free_port, until

TO = "virtualuser1@example.com"


def refuses(host, *words):
    """vdeliver does not start; its only line on stderr has these words."""
    p = host.command("-f")
    assert p.returncode == 1, p.stderr
    lines = [x for x in p.stderr.splitlines() if "fatal: " in x]
    assert len(lines) == 1, p.stderr
    for word in words:
        assert word in lines[0], lines[0]


@pytest.mark.ours
def test_port_in_use(vdeliver):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refuses(vdeliver(listen=[f"inet:127.0.0.1:{port}"]),
                "127.0.0.1", str(port), "in use", "vdeliver_listen")


@pytest.mark.ours
def test_missing_main_cf(vdeliver):
    host = vdeliver()
    (host.dir / "main.cf").unlink()
    refuses(host, f"{host.dir}/main.cf", "No such file or directory")


@pytest.mark.ours
def test_missing_main_cf_for_postconf(top, run):
    p = run("postconf", "-c", top, "-n", check=False)
    assert p.returncode == 1
    assert p.stderr == (f"postconf: fatal: open {top}/main.cf: "
                        f"No such file or directory\n")


@pytest.mark.ours
@pytest.mark.parametrize("value", ["vmail", "", "./vmail"])
def test_relative_base(vdeliver, value):
    refuses(vdeliver({"virtual_mailbox_base": value}),
            f"do not specify relative pathname: virtual_mailbox_base = {value}"
            .rstrip())


@pytest.mark.ours
@pytest.mark.parametrize("change, text", [
    ({"message_size_limit": "10M"},
     "bad numerical configuration: message_size_limit = 10M"),
    ({"virtual_minimum_uid": "0"},
     "invalid virtual_minimum_uid parameter value 0 < 1"),
    ({"virtual_mailbox_limit": "1000"},
     "virtual_mailbox_limit is smaller than message_size_limit"),
    ({"soft_bounce": "perhaps"},
     "bad boolean configuration: soft_bounce = perhaps")], ids=str)
def test_bad_values(vdeliver, change, text):
    refuses(vdeliver(change), text)


@pytest.mark.ours
def test_map_not_compiled(vdeliver):
    host = vdeliver()
    (host.dir / "vmailbox.db").unlink()
    host.start()
    answer = send(host.where, "s@remote.example", TO, message(1))
    assert answer == f"451 4.3.0 <{TO}>: Temporary lookup failure"
    assert "No such file or directory" in host.logged("vmailbox.db")
    host.logged(f"postmap hash:{host.dir}/vmailbox", 2)


@pytest.mark.ours
def test_maildir_not_writable(vdeliver):
    host = vdeliver().start()
    (host.base / "example.com").mkdir(mode=0o755)  # root's
    assert send(host.where, "s@remote.example", TO,
                message(1)).startswith("451 4.2.0 ")
    host.logged("maildir access problem for UID/GID=5000/5000: ")
    host.logged(f"create maildir file {host.base}/example.com/test1/")


@pytest.mark.ours
def test_no_vdeliver_user(vdeliver):
    host = vdeliver({"vdeliver_user": "nosuchuser", "mail_owner": "nobody2"})
    refuses(host, "nosuchuser", "useradd")


def account(p, s, more=""):
    return (f'poll 127.0.0.1 proto pop3 port {p} no dns user user '
            f'pass secret is u@example.com here {PLAIN} {more} '
            f'smtphost 127.0.0.1/{s}\n')


def test_wrong_password(pop3, run_fetchmail):
    p = pop3(password="other")
    r = run_fetchmail(account(p.port, 25))
    assert r.returncode == 3
    assert "fetchmail: Authorization failure on user@127.0.0.1" in r.stderr
    assert "secret" not in r.stdout + r.stderr


def test_server_that_is_not_there(run_fetchmail):
    port = free_port()
    r = run_fetchmail(account(port, 25))
    assert r.returncode == 2
    said = r.stdout + r.stderr
    assert f"connection to 127.0.0.1:{port}" in said
    assert "Connection refused" in said


def test_server_that_does_not_answer(pop3, run_fetchmail):
    p = pop3(answers={"STAT": lambda line, arg: []})
    r = run_fetchmail(account(p.port, 25).replace("no dns",
                                                  "no dns timeout 2"))
    assert r.returncode == 2
    assert "fetchmail: timeout after 2 seconds waiting for server " \
        "127.0.0.1." in r.stdout + r.stderr


def test_smtphost_down(pop3, run_fetchmail):
    p = pop3(messages=[message(1).replace(b"\n", b"\r\n")])
    r = run_fetchmail(account(p.port, free_port(), "fetchall"))
    assert r.returncode == 10
    assert "fetchmail: SMTP connect to 127.0.0.1" in r.stdout + r.stderr
    assert len(p.messages) == 1


def test_host_that_does_not_resolve(run_fetchmail):
    r = run_fetchmail('poll nowhere.invalid proto pop3 user user pass secret '
                      'is u@example.com here\n')
    assert r.returncode == 11
    assert "nowhere.invalid" in r.stdout + r.stderr


def test_syntax_error(top, run_fetchmail):
    r = run_fetchmail('set syslog\npoll h proto pop3\n  user x pass y nosuch z\n')
    assert r.returncode == 5
    assert re.search(rf"^fetchmail:{top}/fetchmailrc:3: syntax error at "
                     r"nosuch$", r.stderr, re.M), r.stderr


@pytest.mark.ours
def test_missing_rc(top, run_fetchmail):
    r = run_fetchmail(None, "-f", top / "nothing")
    assert r.returncode == 5
    assert f"{top}/nothing: not found" in r.stderr


@pytest.mark.ours
@pytest.mark.parametrize("program", ["fetcher", "vdeliver", "maptool"])
@pytest.mark.parametrize("option", ["--version", "--help"])
def test_they_say_what_they_are(program, option):
    p = subprocess.run([f"{BIN}/{program}", option], text=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
    assert p.returncode == 0 and program in p.stdout


@pytest.mark.ours
@pytest.mark.parametrize("program", ["fetcher", "vdeliver"])
def test_unknown_option(program):
    p = subprocess.run([f"{BIN}/{program}", "--nosuch"], text=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
    assert p.returncode != 0
    assert "nosuch" in p.stderr


@pytest.mark.ours
def test_background_status_reload_stop(vdeliver):
    port = free_port()
    host = vdeliver(listen=[f"inet:127.0.0.1:{port}"])
    assert host.command("status").returncode == 1
    assert host.command("stop").returncode == 1
    p = host.command()
    assert p.returncode == 0, p.stderr
    try:
        # The port is open when the command returns.
        assert send(("127.0.0.1", port), "s@remote.example", TO,
                    message(1)).startswith("250 ")
        p = host.command("status")
        assert p.returncode == 0 and re.search(r"\d", p.stdout)
        second = host.command()
        assert second.returncode == 1 and "already" in second.stderr
        reloaded(host, port)
    finally:
        p = host.command("stop")
    assert p.returncode == 0, p.stderr
    assert host.command("status").returncode == 1
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1)


def reloaded(host, port):
    """A reload takes the new settings; open transactions end as they began."""
    with Client(("127.0.0.1", port)) as old:
        for line in ("EHLO client.example", "MAIL FROM:<s@remote.example>",
                     f"RCPT TO:<{TO}>"):
            assert old.say(line).startswith("250")
        host.write_config(message_size_limit="4000")
        assert host.command("reload").returncode == 0

        def limit():
            with Client(("127.0.0.1", port)) as c:
                return "SIZE 4000" in c.say("EHLO client.example")

        until(limit, "new settings after reload")
        assert old.say("DATA").startswith("354 ")
        old.body(message(2, b"larger than the new limit\n" * 200))
        assert old.reply().startswith("250 ")


@pytest.mark.ours
def test_broken_main_cf_does_not_disturb_a_running_one(vdeliver):
    host = vdeliver({"message_size_limit": "4000"}).start()
    host.write_config(message_size_limit="10M")
    os.kill(host.proc.pid, signal.SIGHUP)
    host.logged("bad numerical configuration: message_size_limit = 10M")
    with Client(host.where) as c:
        assert "SIZE 4000" in c.say("EHLO client.example")
    assert host.command("status").returncode == 0
    p = host.command("stop")
    assert p.returncode == 0, p.stderr
    assert host.proc.wait(20) == 0
