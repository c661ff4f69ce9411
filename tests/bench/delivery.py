#!/usr/bin/env python3
"""Deliver mail by vdeliver, by other servers, and by what is least, side by side.

    delivery.py BUILD [--fs ext4,xfs,btrfs,ext4-bare,tmpfs,here] [--quick]

BUILD is where make has built. Each round runs every contender once, in turn; the
tables have medians of the rounds, and medians of the ratios within each round to
the fastest sink whose order of syncs is safe on that file system. Needs root (to
mount file systems in files, and for the servers); only loopback is used. Postfix
and Dovecot take part when they are installed, with configurations of their own.

sink is a server without any overhead (sink.c says what its modes do), limit the
file system without a server (limit.c).
"""
import argparse
import contextlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

UID = 65534
BOXES = 100
FILE_SYSTEMS = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-E",
             "nodiscard,lazy_itable_init=0,lazy_journal_init=0"],
    "ext4-bare": ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E",
                  "nodiscard,lazy_itable_init=0"],
    "xfs": ["mkfs.xfs", "-q", "-K", "-f"],
    "btrfs": ["mkfs.btrfs", "-q", "-K", "-f"],
}
# Write-back ends before the extents are recorded, or nothing is known of names.
SAFE_SINKS = {"ext4": ("sfr", "pool", "group"), "xfs": ("sfr", "pool", "group"),
              "tmpfs": ("none",)}


def run(*command, **kw):
    return subprocess.run([str(c) for c in command], check=True,
                          stdin=subprocess.DEVNULL, **kw)


@contextlib.contextmanager
def file_system(kind, top, megabytes):
    """A directory on a file system of that kind."""
    where = os.path.join(top, kind)
    os.mkdir(where)
    image = where + ".img"
    if kind == "here":
        yield where
        return
    if kind == "tmpfs":
        run("mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "tmpfs", where)
    else:
        with open(image, "wb") as f:  # written, so that no block is new
            for _ in range(megabytes):
                f.write(bytes(1 << 20))
            os.fsync(f.fileno())
        device = run("losetup", "--direct-io=on", "-f", "--show", image,
                     capture_output=True, text=True).stdout.strip()
        run(*FILE_SYSTEMS[kind], device)
        run("mount", device, where)
    os.chmod(where, 0o755)
    try:
        yield where
    finally:
        run("umount", "-l", where)
        if kind != "tmpfs":
            run("losetup", "-d", device)
            os.unlink(image)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(300):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise SystemExit("nothing listens on port %d" % port)


def stat_of(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rpartition(")")[2].split()


def tree(root):
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            children.setdefault(int(stat_of(int(pid))[1]), []).append(int(pid))
    found, rest = [], [root]
    while rest:
        found.append(rest.pop())
        rest += children.get(found[-1], [])
    return found


def cpu_of(root):
    """Seconds of the processes below root, and of those that they waited for."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            total += sum(int(x) for x in stat_of(pid)[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def memory_of(root):
    """Megabytes, each page divided by those who share it."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(OSError), open(
                "/proc/%d/smaps_rollup" % pid) as f:
            total += sum(int(x.split()[1]) for x in f if x.startswith("Pss:"))
    return total / 1024


class Server:
    """One contender; the process and all below it are ours."""
    lmtp = False
    forgets = False

    def __init__(self, top, store, options):
        self.dir = tempfile.mkdtemp(prefix=self.name + ".", dir=top)
        os.chmod(self.dir, 0o755)
        self.mail = os.path.join(store, self.name)
        os.mkdir(self.mail)
        os.chown(self.mail, UID, UID)
        self.port = free_port()
        self.options = options

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def spawn(self, *command):
        self.log = open(self.path("output"), "ab")
        self.proc = subprocess.Popen(
            [str(c) for c in command], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)
        self.pid = self.proc.pid
        wait_for(self.port)

    def stop(self):
        self.proc.terminate()
        self.proc.wait(20)
        self.log.close()

    def count(self):
        return sum(len(files) for where, _, files in os.walk(self.mail)
                   if os.path.basename(where) == "new")


class Sink(Server):
    def __init__(self, mode, *args):
        self.mode, self.name = mode, "sink-" + mode
        self.forgets = mode == "none"
        super().__init__(*args)

    def start(self):
        store = [] if self.forgets else ["-d", self.mail]
        self.spawn(os.path.join(self.options.build, "tests/bench/sink"), "-a",
                   "127.0.0.1:%d" % self.port, "-M", self.mode, "-w", "50",
                   "-n", self.options.boxes, *store)


class Vdeliver(Server):
    name = "vdeliver"

    def start(self):
        self.write("main.cf", virtual(self) + f"""
vdeliver_listen = inet:127.0.0.1:{self.port}
vdeliver_run_directory = {self.dir}/run
vdeliver_sync = {self.options.sync}
maillog_file = {self.dir}/log
maillog_file_prefixes = {self.dir}
""")
        self.write("boxes", boxes(self.options.boxes))
        run(os.path.join(self.options.build, "maptool/maptool"), "map", "-c",
            self.dir, "hash:" + self.path("boxes"))
        self.spawn(os.path.join(self.options.build, "vdeliver/vdeliver"), "-c",
                   self.dir, "-f")


class Postfix(Server):
    name = "postfix"
    SERVICES = ("cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr",
                "rewrite unix - - n - - trivial-rewrite",
                "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce",
                "trace unix - - n - 0 bounce", "error unix - - n - - error",
                "retry unix - - n - - error", "anvil unix - - n - 1 anvil",
                "virtual unix - n n - - virtual",
                "postlog unix-dgram n - n - 1 postlogd")

    def start(self):
        # The queue lies on the file system that is measured, too.
        queue, data = self.mail + ".queue", self.mail + ".data"
        os.makedirs(queue)
        os.makedirs(data)
        shutil.chown(data, "postfix")
        self.write("main.cf", virtual(self) + f"""
queue_directory = {queue}
data_directory = {data}
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_relay_restrictions = permit_mynetworks, reject
maillog_file = {self.dir}/log
maillog_file_prefixes = {self.dir}
""")
        self.write("master.cf", "\n".join(
            (f"127.0.0.1:{self.port} inet n - n - - smtpd", *self.SERVICES, "")))
        self.write("boxes", boxes(self.options.boxes))
        run("postmap", "-c", self.dir, "hash:" + self.path("boxes"))
        run("postfix", "-c", self.dir, "start", stderr=subprocess.DEVNULL)
        wait_for(self.port)
        with open(queue + "/pid/master.pid") as f:
            self.pid = int(f.read())

    def stop(self):
        run("postfix", "-c", self.dir, "stop", stderr=subprocess.DEVNULL)


class Dovecot(Server):
    name, lmtp = "dovecot", True

    def start(self):
        self.write("conf", f"""
base_dir = {self.dir}/run
state_dir = {self.dir}/run
log_path = {self.dir}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
mail_location = maildir:{self.mail}/%n
first_valid_uid = 1
default_process_limit = 300
passdb {{
  driver = static
  args = password=x
}}
userdb {{
  driver = static
  args = uid={UID} gid={UID} home={self.mail}/%n allow_all_users=yes
}}
service lmtp {{
  process_limit = 300
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.port}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@example.test
}}
""")
        self.spawn("dovecot", "-F", "-c", self.path("conf"))


def virtual(server):
    return f"""compatibility_level = 3.6
myhostname = bench.example.test
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = example.test
virtual_mailbox_base = {server.mail}
virtual_mailbox_maps = hash:{server.dir}/boxes
virtual_uid_maps = static:{UID}
virtual_gid_maps = static:{UID}
virtual_minimum_uid = 100
"""


def boxes(n):
    return "".join(f"user{i:03}@example.test user{i:03}/\n" for i in range(n))


def load(server, options, sessions, messages, *more):
    command = [os.path.join(options.build, "tests/bench/load"), "-a",
               "127.0.0.1:%d" % server.port, "-P", "1", "-l", options.size,
               "-r", options.recipients, "-n", options.boxes, "-s", sessions,
               "-m", messages, *(["-L"] if server.lmtp else []), *more]
    done = subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise SystemExit("%s: %s" % (server.name, done.stderr))
    return json.loads(done.stdout)


def measure(server, options, sessions):
    """Until the last message is in its mailbox, which Postfix does later."""
    server.start()
    try:
        warm = max(1, min(options.boxes, 300) // options.recipients)
        pace = load(server, options, 4, warm)["rate"]
        n = int(max(100, min(options.messages, pace * options.seconds)))
        want = (warm + n) * options.recipients
        os.sync()
        cpu, began = cpu_of(server.pid), time.monotonic()
        result = load(server, options, sessions, n)
        while not server.forgets and server.count() < want:
            if time.monotonic() > began + 120:
                raise SystemExit("%s lost mail" % server.name)
            time.sleep(0.02)
        took = time.monotonic() - began
        if server.name == "postfix":
            result["rate"] = n / took
        result["cpu"] = (cpu_of(server.pid) - cpu) / n * 1e4
        result["memory"] = memory_of(server.pid)
        return result
    finally:
        server.stop()
        for name in ("", ".queue", ".data"):
            shutil.rmtree(server.mail + name, ignore_errors=True)


def limit(store, options, sessions, variant):
    done = subprocess.run(
        [os.path.join(options.build, "tests/bench/limit"), "-d",
         os.path.join(store, "limit"), "-v", variant, "-t", str(sessions),
         "-l", str(options.size), "-R", str(options.recipients), "-m",
         str(options.messages // (1 if sessions > 1 else 10)), "-T", "20"],
        capture_output=True, text=True, check=False)
    if done.returncode > 1:  # 1: the time was over
        raise SystemExit("limit: " + done.stderr)
    return dict(json.loads(done.stdout), cpu=0, memory=0)


def contenders(options):
    out = [lambda *a, m=m: Sink(m, *a)
           for m in ("none", "pool", "sfr", "group", "pipe")]
    out.append(Vdeliver)
    for server, program in ((Postfix, "postfix"), (Dovecot, "dovecot")):
        if shutil.which(program) and not options.alone:
            out.append(server)
    return out


def table(kind, results):
    safe = ["sink-" + m for m in SAFE_SINKS.get(kind, ("pool", "pipe"))]
    best = [max(r[name]["rate"] for name in safe) for r in results]
    print("| | messages/s | of the best sink | p50 ms | p99 ms "
          "| CPU s/10,000 | MB after |\n|---|---|---|---|---|---|---|")
    for name in results[0]:
        rows = [r[name] for r in results]
        middle = {k: statistics.median(r[k] for r in rows)
                  for k in ("rate", "p50_ms", "p99_ms", "cpu", "memory")}
        ratio = statistics.median(r["rate"] / b for r, b in zip(rows, best))
        print("| %s | %.0f | %.2f | %.2f | %.2f | %.1f | %.0f |" % (
            name, middle["rate"], ratio, middle["p50_ms"], middle["p99_ms"],
            middle["cpu"], middle["memory"]), flush=True)


def bench(kind, store, top, options):
    for sessions in map(int, options.sessions.split(",")):
        results = []
        for _ in range(options.rounds):
            done = {}
            for variant in ("full", "sfrlate"):
                done["limit-" + variant] = limit(store, options, sessions,
                                                 variant)
            for make in contenders(options):
                server = make(top, store, options)
                done[server.name] = measure(server, options, sessions)
            results.append(done)
        print("\n%s, %d octets, %d sessions, %d recipients\n" % (
            kind, options.size, sessions, options.recipients))
        table(kind, results)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--fs", default="ext4")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", default="1,10,50")
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--recipients", type=int, default=1)
    parser.add_argument("--boxes", type=int, default=BOXES)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=3,
                        help="about as long a run, of who is slow")
    parser.add_argument("--sync", default="auto", help="vdeliver_sync")
    parser.add_argument("--dir", help="where the file systems' files lie")
    parser.add_argument("--alone", action="store_true", help="no other servers")
    parser.add_argument("--quick", action="store_true",
                        help="two rounds on ext4")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.fs = 2, "ext4"
    options.build = os.path.abspath(options.build)
    top = tempfile.mkdtemp(prefix="delivery.", dir=options.dir)
    os.chmod(top, 0o755)
    print("%d cores, Linux %s, medians of %d rounds" % (
        os.cpu_count(), platform.release().split("-")[0], options.rounds))
    try:
        for kind in options.fs.split(","):
            with file_system(kind, top, 2048) as store:
                bench(kind, store, top, options)
    finally:
        shutil.rmtree(top, ignore_errors=True)


main()
