"""mbox files: the bytes, the locks, the refusals, beside a real Postfix."""

import fcntl
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from lib.mail import BODIES, message, stamped, whole
from lib.smtp import Client
from lib.waiting import until

BOX, OTHER, DIR = (f"{n}@example.com" for n in ("box", "other", "dir"))
MAPS = {"vmailbox": f"{BOX} box\n{OTHER} other\n{DIR} dir/\n"
                    "sub@example.com sub/box\n"}
SENDER = "s@remote.example"
ID, GONE = 5000, 5001
QUICK = {"deliver_lock_attempts": "2", "deliver_lock_delay": "1s"}


def send(host, to, text, sender=SENDER):
    to = [to] if isinstance(to, str) else to
    with Client(host.where, 60) as c:
        return c.transaction(sender, to, text)


def box(host, name="box"):
    path = host.base / name
    return path.read_bytes() if path.exists() else b""


def place(host, name, text=b"", uid=ID):
    path = host.base / name
    path.write_bytes(text)
    path.chmod(0o600)
    os.chown(path, uid, uid)
    return path


def split(mbox):
    """The messages of an mbox, without From_ line and quoting."""
    parts = re.split(rb"(?:\A|(?<=\n\n))From .*\n", mbox)
    assert parts[0] == b"", mbox[:300]
    return [p[:-1].replace(b"\n>From ", b"\nFrom ") for p in parts[1:]]


class Locked:
    """Somebody else has the file locked (fcntl)."""

    def __init__(self, path):
        self._file = open(path, "r+b")
        fcntl.lockf(self._file, fcntl.LOCK_EX)

    def close(self):
        self._file.close()


# ---- the same as the original

def masked(mbox):
    for pattern, name in (
            (rb"^(From \S+|From \".*\"@\S+)  [A-Z][a-z]{2} [A-Z][a-z]{2} "
             rb"[ \d]\d \d\d:\d\d:\d\d \d{4}$", rb"\1  DATE"),
            (rb" id [0-9A-F]+(;?)$", rb" id QID\1"),
            (rb"^(Message-Id: <)\d{14}\.[0-9A-F]+@", rb"\1STAMP@"),
            (rb"^Date: .*\)$", b"Date: DATE"),
            (rb"; [A-Z][a-z]{2}, .*\)$", b"; DATE"),
            (rb"^\t[A-Z][a-z]{2}, .*\)$", b"\tDATE")):
        mbox = re.sub(pattern, name, mbox, flags=re.M)
    return mbox


@pytest.mark.ours
def test_same_bytes(vdeliver, real_postfix):
    """Every body, some senders, one mailbox: equal but for dates and ids."""
    hosts = [make(maps=MAPS).start() for make in (vdeliver, real_postfix)]
    texts = [(SENDER, message(name, body)) for name, body in BODIES.items()]
    texts += [("", message("null")), ('"a b"@remote.example', message("q")),
              (SENDER, b"Subject: no body\n"), (SENDER, b"From me\nX: y\n\nz\n"),
              (SENDER, b"X: y\n\n" + b"From x\n" * 20000)]
    for i, (sender, text) in enumerate(texts):
        for host in hosts:
            assert send(host, BOX, text, sender).startswith("250 ")
            until(lambda h=host, n=i: h.log().count(
                "delivered to mailbox") == n + 1, "it is delivered", 30)
    ours, theirs = (masked(box(h)) for h in hosts)
    assert ours.count(b"  DATE\n") == len(texts)
    assert ours.splitlines() == theirs.splitlines()
    assert ours == theirs
    for host in hosts:
        st = (host.base / "box").stat()
        assert (st.st_mode & 0o7777, st.st_uid, st.st_gid) == (0o600, ID, ID)
        assert not (host.base / "box.lock").exists()


def hard_link(host):
    os.link(place(host, "box", b"x\n"), host.base / "second")


def symbolic_link(host):
    place(host, "second")
    (host.base / "box").symlink_to("second")


def directory(host):
    (host.base / "box").mkdir()


def fifo(host):
    os.mkfifo(host.base / "box")


def others(host):
    place(host, "box", b"x\n", GONE).chmod(0o666)


def unwritable(host):
    place(host, "box").chmod(0o400)


def locked_up(host):
    os.chown(host.base, 0, 0)
    place(host, "box")


def dotlocked(host):
    place(host, "box.lock")


STRANGE = [hard_link, symbolic_link, directory, fifo, others, unwritable,
           locked_up, dotlocked]


def verdict(host, to):
    line = host.logged(f" to=<{to}>", 30)
    warnings = [x.split("warning: ")[1] for x in host.log().splitlines()
                if "/virtual" in x and "warning: " in x]
    return (re.search(r"dsn=(\S+), status=(\S+) \((.*)\)$", line).groups(),
            warnings)


@pytest.mark.ours
@pytest.mark.parametrize("strange", STRANGE)
def test_same_refusals(vdeliver, real_postfix, strange):
    seen = []
    for make in (vdeliver, real_postfix):
        host = make(QUICK, MAPS).start()
        strange(host)
        answer = send(host, BOX, message(1))
        (dsn, *rest), warnings = verdict(host, BOX)
        if make is vdeliver:
            assert answer.startswith(f"451 {dsn} ")
        seen.append(str((dsn, rest, warnings)).replace(str(host.base), "BASE"))
    assert seen[0] == seen[1]
    assert "4.2.0" in seen[0]


@pytest.mark.ours
def test_no_directory_is_made(vdeliver):
    host = vdeliver(maps=MAPS).start()
    assert send(host, "sub@example.com", message(1)).startswith("451 4.2.0 ")
    assert not (host.base / "sub").exists()


@pytest.mark.ours
def test_device(vdeliver):
    """5.3.5 in the original: our own trouble is never the sender's."""
    host = vdeliver(maps=MAPS).start()
    os.mknod(host.base / "box", 0o20600, os.makedev(1, 3))
    os.chown(host.base / "box", ID, ID)
    assert send(host, BOX, message(1)).startswith("451 4.3.5 ")


@pytest.mark.ours
def test_unknown_lock(vdeliver, real):
    host = vdeliver({"virtual_mailbox_lock": "fcntl, bogus"}, MAPS)
    p = host.command("-t")
    assert p.returncode != 0
    assert 'unknown mailbox_delivery_lock value "bogus"' in p.stderr


# ---- locks

@pytest.mark.ours
def test_locked_mailbox_holds_up_no_other(vdeliver, closing):
    """Sixty wait for it, more than one worker is asked at a time."""
    host = vdeliver({"deliver_lock_attempts": "10", "deliver_lock_delay": "1s",
                     "smtpd_client_connection_count_limit": "200",
                     "virtual_mailbox_lock": "fcntl"}, MAPS).start()
    lock = closing(Locked(place(host, "box")))
    answers = []

    def one(i):
        answers.append(send(host, BOX, stamped(i)))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(60)]
    for t in threads:
        t.start()
    until(lambda: host.log().count("queue active") == 60, "all wait")
    began = time.monotonic()
    for to in (OTHER, DIR, OTHER):
        assert send(host, to, stamped("other")).startswith("250 ")
    assert time.monotonic() - began < 2
    assert not answers
    for t in threads:
        t.join(30)
    assert len(answers) == 60
    assert {a[:10] for a in answers} == {"451 4.2.0 "}
    assert box(host) == b""
    host.logged("unable to lock for exclusive access: Resource temporarily")
    lock.close()
    assert send(host, BOX, stamped("late")).startswith("250 ")
    assert len(split(box(host))) == 1


@pytest.mark.ours
@pytest.mark.parametrize("kind", ["fcntl", "dotlock", "flock"])
def test_waits_for_the_lock(vdeliver, kind):
    host = vdeliver({"virtual_mailbox_lock": kind,
                     "deliver_lock_attempts": "20"}, MAPS).start()
    path = place(host, "box")
    dotlock = host.base / "box.lock"
    with open(path, "r+b") as f:
        if kind == "dotlock":
            place(host, "box.lock")
        elif kind == "flock":
            fcntl.flock(f, fcntl.LOCK_EX)
        else:
            fcntl.lockf(f, fcntl.LOCK_EX)
        answers = []
        t = threading.Thread(
            target=lambda: answers.append(send(host, BOX, stamped(1))))
        t.start()
        host.logged("queue active")
        assert path.stat().st_size == 0 and not answers
        if kind == "dotlock":
            dotlock.unlink()
    t.join(30)
    assert answers[0].startswith("250 ")
    assert list(map(whole, split(box(host)))) == ["1"]
    assert not dotlock.exists()


@pytest.mark.ours
def test_beside_another_program(vdeliver, top):
    """Another writer with the same locks: no message is torn."""
    host = vdeliver({"deliver_lock_delay": "1s"}, MAPS).start()
    place(host, "box")
    stop, theirs = threading.Event(), []

    def append(i):
        lock = os.open(host.base / "box.lock",
                       os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.close(lock)
        with open(host.base / "box", "ab") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            text = b"From o@other  DATE\n" + stamped(f"o{i}", 9000) + b"\n"
            for at in range(0, len(text), 1000):
                f.write(text[at:at + 1000])
                f.flush()
        os.unlink(host.base / "box.lock")
        theirs.append(f"o{i}")

    def other():
        i = 0
        while not stop.is_set():
            try:
                append(i)
            except FileExistsError:
                pass
            i += 1
            stop.wait(0.005)

    t = threading.Thread(target=other)
    t.start()
    answered = []

    def ours(me):
        for i in range(5):
            n = f"{me}.{i}"
            if send(host, BOX, stamped(n, 50000)).startswith("250 "):
                answered.append(n)

    clients = [threading.Thread(target=ours, args=(i,)) for i in range(4)]
    for c in clients:
        c.start()
    for c in clients:
        c.join(100)
    stop.set()
    t.join(10)
    stored = list(map(whole, split(box(host))))
    assert len(answered) == 20 and theirs
    assert sorted(stored) == sorted(answered + theirs)


# ---- several recipients

OWNERS = {"virtual_uid_maps": f"inline:{{{BOX}=5001, {OTHER}=5002, {DIR}=5003}}"}


def owners(vdeliver, **kw):
    host = vdeliver({**OWNERS, **QUICK, "virtual_mailbox_lock": "fcntl"},
                    MAPS, **kw)
    host.base.chmod(0o1777)
    return host.start()


@pytest.mark.ours
def test_all_or_nothing(vdeliver, closing):
    """One of three owners' mailboxes stays locked: nobody gets anything."""
    host = owners(vdeliver)
    lock = closing(Locked(place(host, "other", uid=5002)))
    to = [BOX, OTHER, DIR]
    assert send(host, to, stamped(1)).startswith("451 4.2.0 ")
    assert box(host) == box(host, "other") == b""
    assert not list((host.base / "dir").glob("[tn]*/*"))
    lock.close()
    assert send(host, to, stamped(2)).startswith("250 ")
    for name in ("box", "other"):
        assert list(map(whole, split(box(host, name)))) == ["2"]
    assert len(list((host.base / "dir/new").iterdir())) == 1
    assert (host.base / "box").stat().st_uid == 5001


@pytest.mark.ours
def test_lmtp_answers_for_each(vdeliver, closing):
    host = owners(vdeliver, listen=["lmtp:inet:127.0.0.1:0"])
    closing(Locked(place(host, "other", uid=5002)))
    with Client(host.where, 60) as c:
        c.say("LHLO client.example")
        c.say(f"MAIL FROM:<{SENDER}>")
        for to in (BOX, OTHER, DIR):
            assert c.say(f"RCPT TO:<{to}>").startswith("250 ")
        assert c.say("DATA").startswith("354 ")
        c.sock.sendall(stamped(1).replace(b"\n", b"\r\n") + b".\r\n")
        assert [c.reply()[:9] for _ in range(3)] == [
            "250 2.0.0", "451 4.2.0", "250 2.0.0"]
    assert list(map(whole, split(box(host)))) == ["1"]
    assert box(host, "other") == b""


@pytest.mark.ours
def test_twice_the_same_box(vdeliver):
    """Two recipients, one file, written another way: two copies."""
    host = vdeliver(maps={"vmailbox": f"{BOX} box\n{OTHER} .//box\n"}).start()
    assert send(host, [BOX, OTHER], stamped(1)).startswith("250 ")
    assert list(map(whole, split(box(host)))) == ["1", "1"]


# ---- trouble

@pytest.mark.ours
def test_full_disk(vdeliver, closing):
    host = vdeliver({"vdeliver_check_room": "no"}, maps=MAPS)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,uid={ID}",
                    "none", host.base], check=True)
    try:
        host.start()
        assert send(host, BOX, stamped(1)).startswith("250 ")
        before = box(host)
        answer = send(host, BOX, stamped(2, 200000))
        assert answer.startswith(("452 4.3.0 ", "451 4.3.0 "))
        assert box(host) == before
        host.logged("error writing message: No space left on device")
        assert send(host, BOX, stamped(3)).startswith("250 ")
        assert list(map(whole, split(box(host)))) == ["1", "3"]
    finally:
        host.stop()
        subprocess.run(["umount", host.base], check=True)


@pytest.mark.ours
def test_over_the_limit(vdeliver):
    host = vdeliver({"message_size_limit": "20000",
                     "virtual_mailbox_limit": "20000"}, MAPS).start()
    assert send(host, BOX, stamped(1, 12000)).startswith("250 ")
    before = box(host)
    assert send(host, BOX, stamped(2, 12000)).startswith("552 5.2.2 ")
    assert box(host) == before
    assert send(host, BOX, stamped(3)).startswith("250 ")


def worker(host):
    return until(lambda: [p for p, n in host.pids().items()
                          if n == "vd-worker"], "a worker runs")[0]


def kill_in_append(host, text):
    """The worker gets SIGKILL at its third write; what the client hears."""
    trace = subprocess.Popen(
        ["strace", "-f", "-p", str(worker(host)), "-e", "trace=write", "-e",
         "inject=write:signal=KILL:when=3"], stderr=subprocess.PIPE, text=True)
    for line in trace.stderr:
        if "attached" in line:
            break
    answer = send(host, BOX, text)
    trace.communicate()
    return answer


@pytest.mark.ours
def test_kill_in_append(vdeliver):
    """As with the original a cut message stays, apart from all others."""
    host = vdeliver({"virtual_mailbox_lock": "fcntl"}, MAPS).start()
    assert send(host, BOX, stamped(1)).startswith("250 ")
    before = box(host)
    assert kill_in_append(host, stamped(2, 200000)).startswith("451 4.3.0 ")
    after = box(host)
    assert after.startswith(before) and len(after) > len(before)
    assert send(host, BOX, stamped(3)).startswith("250 ")
    assert box(host).startswith(after)
    assert list(map(whole, split(box(host)))) == ["1", None, "3"]


@pytest.mark.ours
def test_kill_leaves_a_dotlock(vdeliver):
    """It is in the way until it is stale, as with the original."""
    host = vdeliver({**QUICK, "stale_lock_time": "3s"}, MAPS).start()
    assert send(host, BOX, stamped(1)).startswith("250 ")
    kill_in_append(host, stamped(2, 200000))
    assert (host.base / "box.lock").exists()
    until(lambda: send(host, BOX, stamped(3)).startswith("250 "),
          "the lock is stale", 20)
    assert not (host.base / "box.lock").exists()
    assert whole(split(box(host))[-1]) == "3"


@pytest.mark.ours
def test_stop_unlocks(vdeliver, closing):
    """A worker that ends while it waits takes its dotlock along."""
    host = vdeliver(maps=MAPS).start()
    closing(Locked(place(host, "box")))
    answers = []

    def client():
        try:
            answers.append(send(host, BOX, stamped(1)))
        except ConnectionError:
            answers.append("421")

    t = threading.Thread(target=client)
    t.start()
    until((host.base / "box.lock").exists, "it waits for the file")
    for pid, name in host.pids().items():
        if name == "vd-router":
            os.kill(pid, signal.SIGKILL)
    until(lambda: not (host.base / "box.lock").exists(), "it is unlocked")
    t.join(30)
    assert answers[0].startswith("4")


@pytest.mark.ours
def test_kills_under_load(vdeliver):
    """What was answered is there, whole, however often the worker dies."""
    host = vdeliver({"virtual_mailbox_lock": "fcntl",
                     "smtpd_client_connection_count_limit": "50"},
                    MAPS).start()
    stop, answered = threading.Event(), set()

    def load(me):
        n = 0
        while not stop.is_set():
            name, n = f"{me}.{n}", n + 1
            answer = send(host, BOX, stamped(name, 30000))
            assert answer[0] in "24", answer
            if answer.startswith("250 "):
                answered.add(name)

    clients = [threading.Thread(target=load, args=(i,)) for i in range(6)]
    for c in clients:
        c.start()
    for _ in range(10):
        had = len(answered)
        until(lambda h=had: len(answered) > h + 3, "mail flows", 30)
        try:
            os.kill(worker(host), signal.SIGKILL)
        except ProcessLookupError:
            pass
    stop.set()
    for c in clients:
        c.join(60)
    stored = {whole(m) for m in split(box(host))}
    assert answered <= stored
