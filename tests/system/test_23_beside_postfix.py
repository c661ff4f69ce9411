"""In Postfix's place and behind it: the same mail stores, the same totals."""

import os
import re
import signal
import subprocess

import pytest

from lib import maildir
from lib.lmtp_proxy import LmtpProxy
from lib.mail import BODIES, message
from lib.smtp import Client, send
from lib.waiting import until

pytestmark = pytest.mark.ours

MANY = 2000 if os.environ.get("LONG") else 200
BOXES = 200 if os.environ.get("LONG") else 20
DATE = re.compile(rb"[A-Z][a-z]{2}, [ \d]\d [A-Z][a-z]{2} \d{4} [\d:]{8} "
                  rb"[+-]\d{4}(?: \([A-Z]+\))?")
OUR_HOP = re.compile(rb"^Received: from mail\.test\.example .*\n"
                     rb"\tby mail\.test\.example .* with LMTP id .*\n"
                     rb"(?:\t.*\n)*", re.M)


def tables(slash):
    boxes = "".join(f"box{i}@example.com example.com/box{i}{slash}\n"
                    for i in range(BOXES))
    return {"vmailbox": boxes,
            "virtual": "postmaster@example.com box1@example.com\n"
                       "team@example.com box0@example.com, "
                       "box1+team@example.com, team2@example.com\n"
                       "team2@example.com box2@example.com\n"
                       "@alias.example box3@example.com\n"
                       "box4@example.com box4@example.com, "
                       "box5@example.com\n"}


CONFIG = {"recipient_delimiter": "+",
          "virtual_alias_domains": "alias.example"}


def traffic():
    """(sender, recipients, message); some of the recipients are refused."""
    bodies = list(BODIES.values())
    for n in range(MANY):
        b = n % BOXES
        to = [f"box{b}@example.com"]
        if n % 3 == 0:
            to += [f"box{(b + 7) % BOXES}+ext.{n}@example.com"]
        if n % 10 == 0:
            to += ["team@example.com", "nobody@example.com"]
        if n % 11 == 0:
            to = ["anyone@alias.example", "BOX1@EXAMPLE.com"]
        if n % 13 == 0:
            to += ["postmaster@example.com", f"box{b}@example.com"]
        sender = "" if n % 17 == 0 else f"s{n % 5}@remote.example"
        yield sender, to, message(n, bodies[n % len(bodies)])


def feed(where):
    """Send the traffic; the answers, without queue ids."""
    answers = []
    with Client(where) as c:
        c.say("EHLO client.example")
        for sender, to, octets in traffic():
            answers.append(c.say(f"MAIL FROM:<{sender}>"))
            answers += [c.say(f"RCPT TO:<{r}>") for r in to]
            assert c.say("DATA").startswith("354 ")
            c.body(octets)
            answers.append(re.sub("queued as .*", "", c.reply()))
    return answers


def masked(octets):
    octets = OUR_HOP.sub(b"", octets)
    octets = re.sub(rb"(?<=with ESMTP id )\w+", b"ID", octets)
    octets = re.sub(rb"(?m)^(From \S+) .*", rb"\1", octets)
    return DATE.sub(b"DATE", octets)


def store(base):
    """{mailbox: its messages, sorted}."""
    found = {}
    for path in sorted((base / "example.com").iterdir()):
        if path.is_dir():
            maildir.check(path)
            octets = maildir.new(path)
        else:
            octets = re.split(rb"(?<=\n)\n(?=From )", path.read_bytes())
        found[path.name] = sorted(masked(m).rstrip(b"\n") for m in octets)
    return found


@pytest.fixture
def behind(real_postfix, vdeliver, top):
    """behind(vdeliver's settings, Postfix's): both are running."""

    def start(maps, ours, theirs, listen):
        host = vdeliver({**CONFIG, "receive_override_options":
                         "no_address_mappings", **ours}, maps, listen).start()
        return host, real_postfix({**CONFIG, **theirs(host)}, maps).start()

    return start


@pytest.mark.parametrize("slash", ["/", ""], ids=["maildir", "mbox"])
def test_same_mail_stores(behind, real_postfix, top, slash):
    lmtp = f"lmtp:unix:{top}/lmtp"
    host, front = behind(tables(slash), {},
                         lambda _: {"virtual_transport": lmtp,
                                    "lmtp_line_length_limit": "0"}, [lmtp])
    alone = real_postfix(CONFIG, tables(slash)).start()
    for base in (host.base, alone.base):  # nobody makes it for an mbox
        (base / "example.com").mkdir()
        os.chown(base / "example.com", 5000, 5000)
        (base / "example.com").chmod(0o700)
    assert feed(front.where) == feed(alone.where)
    for postfix in (alone, front):
        until(lambda p=postfix: not p.queued(), "an empty queue: "
              + postfix.log()[-2000:], 300)
    ours, theirs = store(host.base), store(alone.base)
    assert ours.keys() == theirs.keys() and len(ours) == BOXES
    for box in ours:
        differs = [m for m in ours[box] if m not in theirs[box]] + [
            m for m in theirs[box] if m not in ours[box]]
        shown = "".join(f"\n{m!r}\n" for m in differs)
        assert ours[box] == theirs[box], \
            f"{box}: {len(ours[box])}, {len(theirs[box])}\n{shown}"
    assert sum(map(len, ours.values())) > MANY


def test_socket_in_the_queue_directory(behind, top):
    """Where Postfix's lmtp client finds it in its chroot."""

    def theirs(host):
        path = top / "vdeliver0/queue/private/vdeliver"
        assert path.is_socket()
        return {"virtual_transport": "lmtp:unix:private/vdeliver",
                "queue_directory": host.top / "queue"}

    queue = top / "vdeliver0" / "queue"
    (queue / "private").mkdir(parents=True)
    host, postfix = behind(tables("/"), {"queue_directory": queue}, theirs,
                           ["lmtp:unix:private/vdeliver"])
    del host
    assert send(postfix.where, "s@remote.example", "box1@example.com",
                message(1)).startswith("250 ")


def test_through_a_proxy(behind, closing):
    """Postfix → a small LMTP proxy, as content filters are → vdeliver."""
    proxies = []

    def theirs(host):
        proxies.append(closing(LmtpProxy(host.where)))
        return {"virtual_transport":
                f"lmtp:inet:127.0.0.1:{proxies[0].port}"}

    host, postfix = behind(tables("/"), {}, theirs,
                           ["lmtp:inet:127.0.0.1:0"])
    to = ["box0@example.com", "box1+x@example.com", "team@example.com"]
    assert send(postfix.where, "s@remote.example", to,
                message(1, BODIES["dots"])).startswith("250 ")
    until(lambda: not postfix.queued(), "an empty queue: " + postfix.log(),
          30)
    assert [len(host.new(f"box{i}")) for i in (0, 1, 2)] == [2, 2, 1]
    for stored in host.new("box0"):
        assert stored.endswith(b"\n\n" + BODIES["dots"])
        assert b"X-Filtered: yes\n" in stored
    assert proxies[0].passed == 1


# --- what log readers make of it

SECTIONS = ["Host/Domain Summary: Message Delivery", "Senders by message count",
            "Recipients by message count"]


def totals(host):
    """{section: {name: numbers}} of pflogsumm's report."""
    text = subprocess.run(["pflogsumm", host.logfile], text=True, check=True,
                          capture_output=True).stdout
    found = {"delivered": re.search(r"^ +(\d+) +delivered$", text, re.M)[1]}
    for name in SECTIONS:
        body = re.search(rf"^{re.escape(name)}.*\n-+\n((?:.+\n)*)", text,
                         re.M)
        assert body, text
        rows = [line.split() for line in body[1].splitlines()]
        found[name] = sorted((r[-1], r[0]) for r in rows
                             if r[0].isdigit())
        assert found[name], text
    return found


def test_same_totals(vdeliver, real_postfix):
    ours = vdeliver(CONFIG, tables("/")).start()
    theirs = real_postfix(CONFIG, tables("/")).start()
    assert feed(ours.where) == feed(theirs.where)
    until(lambda: not theirs.queued(), "an empty queue", 60)
    ours.logged("disconnect from")
    assert totals(ours) == totals(theirs)


# --- other homes

def test_swaks(vdeliver):
    host = vdeliver().start()
    p = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{host.ports[0]}", "--to",
         "virtualuser1@example.com,virtualuser2@example.com", "--from",
         "s@remote.example", "--body", "one\n.\ntwo\n", "--pipeline"],
        capture_output=True, text=True, timeout=30)
    assert p.returncode == 0, p.stdout + p.stderr
    assert len(host.new("test1")) == len(host.new("test2")) == 1
    assert b"\n.\n" in host.new("test1")[0]


IN_A_CONTAINER = """
mount --bind "$2" "$2" || exit 71
for d in / /etc /home /usr /var /run; do
	mount -o remount,bind,ro $d || exit 71
done
exec setpriv --reuid 23456 --regid 23456 --clear-groups --no-new-privs \
	--bounding-set -all vdeliver -c "$1" -f
"""


def test_container(vdeliver, top):
    """A random uid, a file system to read, the store a volume, a log that is
    the container's output."""
    host = vdeliver({"virtual_uid_maps": "static:23456",
                     "virtual_gid_maps": "static:23456",
                     "maillog_file": "/dev/stdout"},
                    listen=["inet:127.0.0.1:2525"])
    os.chown(host.base, 23456, 23456)
    with open(top / "out", "wb") as out:
        host.proc = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", IN_A_CONTAINER, "sh",
             host.dir, host.base], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    text = lambda: (top / "out").read_text()
    until(lambda: "listening on" in text() or host.proc.poll() is not None,
          "the start: " + text(), 20)
    assert host.proc.poll() is None, text()
    host.ports = [2525]
    c = Client(host.where)
    c.say("EHLO client.example")
    c.say("MAIL FROM:<s@remote.example>")
    assert c.say("RCPT TO:<virtualuser1@example.com>") == "250 2.1.5 Ok"
    assert c.say("DATA").startswith("354 ")
    host.proc.send_signal(signal.SIGTERM)
    until(lambda: not _listens(2525), "no listener any more", 10)
    # What is in flight ends well.
    c.body(message(1))
    assert c.reply().startswith("250 2.0.0 "), text()
    c.sock.close()
    assert host.proc.wait(30) == 0, text()
    maildir.check(host.maildir("test1"), 23456, 23456)
    assert "status=sent (delivered to maildir)" in text()
    assert "no pid file: " in text()


def _listens(port):
    with open("/proc/net/tcp") as f:
        return any(line.split()[1].endswith(f":{port:04X}")
                   and line.split()[3] == "0A" for line in list(f)[1:])
