"""Three accounts on two servers end up in three Maildirs, to the letter."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from lib import maildir
from lib.daemon import VIRTUAL, VMAILBOX
from lib.fetchmail import PLAIN, REAL, write_rc
from lib.mail import BODIES, DATE, fetched, message, unstack

DEMO = Path(__file__).parent.parent / "demo"
RC = (DEMO / "fetchmailrc").read_text()
SETTINGS = (DEMO / "settings").read_text()

USERS = {f"pop3userid{i}": f"pop3password{i}" for i in (0, 1, 2)}
VMAIL = Path("/home/VMAIL")
ETC = Path("/etc/postfix")


@pytest.fixture
def host(vdeliver, dovecot, run, syslog):
    """The scenario's machine; its servers run, its POP3 accounts are empty."""
    server = vdeliver(listen=["inet:127.0.0.1:25", "inet:127.0.0.1:2525"])
    subprocess.run(["rm", "-rf", VMAIL / "example.com"], check=True)
    ETC.joinpath("main.cf").write_text(
        "# the machine's own\ncompatibility_level = 3.6\n"
        "myhostname = mail.test.example\n" + server_part(server))
    for line in SETTINGS.splitlines():
        run("postconf", "-e", line)
    ETC.joinpath("vmailbox").write_text(VMAILBOX)
    ETC.joinpath("virtual").write_text(VIRTUAL)
    run("postmap", ETC / "vmailbox", ETC / "virtual")
    server.dir, server.base = ETC, VMAIL
    write_rc(Path("/etc/fetchmailrc"), RC)
    server.start()
    server.pop = dovecot(USERS).start()
    yield server
    for p in ("/var/run/fetchmail.pid", "/root/.fetchids", "/etc/fetchmailrc"):
        Path(p).unlink(missing_ok=True)


def server_part(server):
    """What main.cf holds besides the scenario's own lines."""
    if REAL:
        ETC.joinpath("master.cf").write_text(
            (server.dir / "master.cf").read_text())
    keep = ("queue_directory", "data_directory", "daemon_directory",
            "inet_interfaces", "mydestination", "alias_maps",
            "vdeliver_listen", "maillog_file", "maillog_file_prefixes")
    return "".join(f"{k} = {server.config[k]}\n" for k in keep
                   if server.config.get(k) is not None)


def fetch(ca, *args):
    env = {**os.environ, "HOME": "/root"}
    if REAL:
        env["SSL_CERT_FILE"] = str(ca.cert)
    p = subprocess.run(["fetchmail", *args, "-f", "/etc/fetchmailrc"],
                       env=env, stdin=subprocess.DEVNULL, text=True,
                       capture_output=True, timeout=120)
    assert p.stderr == \
        "fetchmail: WARNING: Running as root is discouraged.\n"
    return p


def stored_exactly(stored, sent, user, by_fetchmail=True):
    """One file of new/ is what the contract makes of one sent message."""
    address = f"{user}@example.com"
    fields, rest = unstack(stored)
    assert fields["Return_Path"] == "<friend@remote.example>"
    assert fields["X_Original_To"] == fields["Delivered_To"] == address
    hello = "fetchhost.test.example" if by_fetchmail else r"\S+"
    assert re.fullmatch(
        rf"from {hello} \(localhost \[127\.0\.0\.1\]\)\n"
        rf"\tby mail\.test\.example \(Postfix\) with ESMTP id \w+\n"
        rf"\tfor <{address}>; {DATE}\n", fields["Received"]), fields
    if by_fetchmail:
        parts, rest = fetched(rest)
        assert parts["by"] == "fetchhost.test.example"
        assert parts["rcpt"] == address
        # The later users of a server have no address there, as with fetchmail.
        assert parts["ip"] in ("127.0.0.11", "127.0.0.12", "")
    if not sent.endswith(b"\n"):
        sent += b"\n"
    assert rest == sent.replace(b"Return-Path: <friend@remote.example>\n", b"")


def fill(pop):
    """Some messages for every account: {virtual user: [octets]}."""
    sent = {}
    for i in (0, 1, 2):
        sent[f"virtualuser{i}"] = [
            message(f"{i}-{name}", body) for name, body in BODIES.items()]
        for m in sent[f"virtualuser{i}"]:
            pop.deliver(f"pop3userid{i}", m)
    return sent


def compare(host, sent, times=1):
    for i in (0, 1, 2):
        path = host.maildir(f"test{i}")
        maildir.check(path, base=VMAIL)
        want = sent[f"virtualuser{i}"]
        got = maildir.new(path)
        assert len(got) == times * len(want), host.log()
        for stored, octets in zip(got, want * times):
            stored_exactly(stored, octets, f"virtualuser{i}")


def test_every_message_arrives_once_and_is_gone_from_the_server(host, ca):
    sent = fill(host.pop)
    assert fetch(ca).returncode == 0
    compare(host, sent)
    for user in USERS:
        host.pop.settled(user, 0)


def test_postconf_shows_what_was_set(host, run):
    shown = run("postconf", "-n").stdout.splitlines()
    for line in SETTINGS.splitlines():
        assert line.replace("=", " = ", 1) in shown
    assert run("postconf", "message_size_limit").stdout == \
        "message_size_limit = 10240000\n"


def test_keep_leaves_everything(host, ca):
    sent = fill(host.pop)
    assert fetch(ca, "-v", "-a", "-k").returncode == 0
    compare(host, sent)
    for user in USERS:
        assert len(host.pop.messages(user)) == len(BODIES)
    # -a asked for no ids, so nothing counts as seen.
    assert fetch(ca).returncode == 0
    compare(host, sent, times=2)
    for user in USERS:
        host.pop.settled(user, 0)


def test_what_was_kept_is_seen(host, ca):
    sent = fill(host.pop)
    assert fetch(ca, "-k").returncode == 0
    compare(host, sent)
    # 1 and 2 have fetchall; 0 goes by the ids of the first run.
    assert fetch(ca).returncode == 0
    for i in (1, 2):
        assert len(host.new(f"test{i}")) == 2 * len(BODIES)
        host.pop.settled(f"pop3userid{i}", 0)
    assert len(host.new("test0")) == len(BODIES)
    host.pop.settled("pop3userid0", len(BODIES))


def test_invisible_leaves_no_line_of_its_own(host, ca):
    octets = message("invisible")
    host.pop.deliver("pop3userid2", octets)
    p = fetch(ca, "--invisible")
    assert p.returncode == 0 and p.stdout == ""
    (stored,) = host.new("test2")
    stored_exactly(stored, octets, "virtualuser2", by_fetchmail=False)


def test_nothing_to_fetch(host, ca):
    assert fetch(ca).returncode == 1


@pytest.mark.parametrize("answers", [
    {"RCPT": "451 4.3.0 later"}, {"MAIL": "452 4.3.1 later"},
    {"DATA": "451 4.3.0 later"}, {"dot": "451 4.3.0 later"}], ids=str)
def test_a_message_that_was_not_accepted_stays(pop3, sink, run_fetchmail,
                                               answers):
    s = sink(answers)
    octets = message("kept").replace(b"\n", b"\r\n")
    p = pop3(messages=[octets])
    r = run_fetchmail(
        f'poll 127.0.0.1 proto pop3 port {p.port} user user pass secret '
        f'is u@example.com here {PLAIN} fetchall smtphost 127.0.0.1/{s.port}')
    assert r.returncode == 0, r.stderr
    assert "DELE 1" not in p.seen and p.messages == [octets]
    s.answers.clear()
    run_fetchmail(
        f'poll 127.0.0.1 proto pop3 port {p.port} user user pass secret '
        f'is u@example.com here {PLAIN} fetchall smtphost 127.0.0.1/{s.port}')
    assert len(s.messages) == 1 and p.messages == []


def test_deleted_only_after_the_final_answer(pop3, sink, run_fetchmail):
    p = pop3(messages=[message(i).replace(b"\n", b"\r\n") for i in (1, 2)])
    deleted = []

    def answer():
        deleted.append([x for x in p.seen if x.startswith("DELE")])

    s = sink({"dot": answer})
    run_fetchmail(
        f'poll 127.0.0.1 proto pop3 port {p.port} user user pass secret '
        f'is u@example.com here {PLAIN} fetchall smtphost 127.0.0.1/{s.port}')
    # The first may be deleted while the second is under way.
    assert deleted in ([[], ["DELE 1"]], [[], []])
    assert p.messages == []
