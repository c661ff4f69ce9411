"""The text on its way: line ends, decoded bodies, marks of progress."""

import pytest

from lib.fetchmail import PLAIN

HEADER = b"From: a@b.example\r\nTo: u@example.com\r\nX-Y: z\r\n"
LINES = HEADER + b"\r\none\r\ntwo\nthree\rfour\r\n"
QP = (b"From: a@b.example\r\nSubject: =?iso-8859-1?Q?caf=E9?=\r\n"
      b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
      b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
      b"a=E9 b=\r\nc\r\n=2E\r\n")


@pytest.fixture
def fetch(pop3, sink, run_fetchmail, top):
    """fetch(message, options, arguments): the run, sink, what mda got."""

    def call(octets, options, *args, smtp=False):
        p, s = pop3(messages=[octets]), sink()
        out = top / "out"
        out.unlink(missing_ok=True)
        to = f"smtphost 127.0.0.1/{s.port}" if smtp else f"mda 'cat >{out}'"
        r = run_fetchmail(
            f'poll 127.0.0.1 proto pop3 port {p.port} user user pass secret '
            f'is u@example.com here {PLAIN} fetchall {to} {options}\n',
            "--invisible", *args)
        assert r.returncode == 0
        return r, s, out.read_bytes() if out.exists() else None

    return call


@pytest.mark.parametrize("options, end, bare", [
    ("", b"\n", b"\n"),
    ("no stripcr", b"\r\n", b"\n"),
    ("no stripcr forcecr", b"\r\n", b"\r\n"),
    ("forcecr", b"\n", b"\n"),
])
def test_line_ends(fetch, options, end, bare):
    text = fetch(LINES, options)[2]
    lines = text.partition(end + end)[2]
    # Without stripcr the original takes every CR out, too.
    assert lines.replace(b"\r", b"") == b"one\ntwo\nthreefour\n"
    assert lines.startswith(b"one" + end + b"two" + bare)


@pytest.mark.ours
def test_bare_cr_stays(fetch):
    assert fetch(LINES, "")[2].endswith(b"two\nthree\rfour\n")
    assert fetch(LINES, "stripcr")[2].endswith(b"two\nthreefour\n")


def test_mimedecode(fetch):
    text = fetch(QP, "mimedecode")[2]
    assert text.endswith(b"\n\na\xe9 bc\n.\n")
    assert b"Subject: caf\xe9\n" in text
    assert b"\nContent-Transfer-Encoding: 8bit" in text


def test_mimedecode_smtp(fetch):
    s = fetch(QP, "mimedecode", smtp=True)[1]
    assert s.messages[0]["data"].endswith(b"\r\n\r\na\xe9 bc\r\n.\r\n")


def test_off_by_default(fetch):
    assert fetch(QP, "")[2] == QP.replace(b"\r\n", b"\n")


def test_showdots(fetch):
    octets = HEADER + b"\r\n" + 25 * (98 * b"x" + b"\r\n")
    r = fetch(octets, "", "--showdots", smtp=True)[0]
    line, = [x for x in r.stdout.split("\n") if x.startswith("reading")]
    assert line.endswith(" octets) #*********.***********.***** flushed")
    assert " #" not in fetch(octets, "", smtp=True)[0].stdout


@pytest.mark.ours
def test_showdots_syslog(fetch, syslog):
    """However long a message is, its line ends with what became of it."""
    octets = HEADER + b"\r\n" + 9000 * b"x\r\n"
    fetch(octets, "", "--showdots", "--syslog", smtp=True)
    line, = [x for x in syslog.lines if "reading message" in str(x)]
    assert "*****" in str(line) and " flushed" in str(line)[-20:]
