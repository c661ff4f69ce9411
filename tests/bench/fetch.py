#!/usr/bin/env python3
"""Fetching side by side: fetcher, mpop, mbsync and fetchmail, from one Dovecot.

usage: fetch.py FETCHER VDELIVER [--rounds N] [--count N] [--only WORD,...]

One account with many messages over loopback, and one with fewer over a line of
20 ms; fetcher hands them to vdeliver (durable Maildir) and to a sink that
answers at once, fetchmail to that sink and to Postfix. What is not installed is
left out, by name. Every round runs each of them once; printed are medians, and
the medians of each round's ratio to mpop (POP3) or mbsync (IMAP). Nothing is
deleted from the server. Run it as root: the servers change their user.
"""

import argparse
import asyncio
import math
import os
import pwd
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

NOBODY = pwd.getpwnam("nobody")
DOMAIN = "example.test"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
LINE = b"The quick brown fox jumps over the lazy dog and runs away from it.....\n"


def have(name):
    return shutil.which(name, path=PATH)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def own(path):
    if os.geteuid() == 0:
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    return path


def populate(root, user, count, seed):
    """Messages of 2 to 50 KB, log-uniform."""
    rnd = random.Random(seed)
    for name in ("", "cur", "new", "tmp"):
        os.makedirs(os.path.join(root, user, name), exist_ok=True)
        own(os.path.join(root, user, name))
    for i in range(count):
        size = math.exp(rnd.uniform(math.log(2048), math.log(51200)))
        text = (f"Return-Path: <a@{DOMAIN}>\nFrom: Sender <a@{DOMAIN}>\n"
                f"To: {user}@{DOMAIN}\nSubject: message {i}\n"
                "Date: Thu, 01 Jan 2026 00:00:00 +0000\n"
                f"Message-ID: <{user}.{i}@{DOMAIN}>\n\n").encode()
        text += LINE * max(1, (int(size) - len(text)) // len(LINE))
        path = os.path.join(root, user, "cur", f"17672{i:05}.M{i}P1.x:2,")
        with open(path, "wb") as f:
            f.write(text)
        own(path)


class Servers:
    """All that runs beside the contenders; stop() ends it."""

    def __init__(self, top):
        self.top, self.running = top, []

    def start(self, *command, **kw):
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                             start_new_session=True, **kw)
        self.running.append(p)
        return p

    def stop(self):
        for p in reversed(self.running):
            try:
                os.killpg(p.pid, signal.SIGTERM)
                p.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(p.pid, signal.SIGKILL)

    def dovecot(self):
        self.pop3, self.imap = free_port(), free_port()
        conf = os.path.join(self.top, "dovecot.conf")
        run = os.path.join(self.top, "run")
        os.mkdir(run, 0o755)
        with open(conf, "w") as f:
            f.write(f"""
base_dir = {run}
state_dir = {run}
log_path = {self.top}/dovecot.log
protocols = pop3 imap
listen = 127.0.0.1
mail_location = maildir:{self.top}/source/%n
first_valid_uid = 1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {{
  driver = static
  args = password=test
}}
userdb {{
  driver = static
  args = uid={NOBODY.pw_uid} gid={NOBODY.pw_gid} home={self.top}/source/%n
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {self.pop3}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
}}
""")
        self.start(have("dovecot"), "-F", "-c", conf)
        wait_port(self.pop3)
        wait_port(self.imap)

    def vdeliver(self, program):
        port, top = free_port(), os.path.join(self.top, "vdeliver")
        self.store = own(os.path.join(self.top, "store"))
        os.mkdir(top, 0o755)
        with open(os.path.join(top, "main.cf"), "w") as f:
            f.write(f"""compatibility_level = 3.6
queue_directory = {top}
data_directory = {top}/data
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {self.store}
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{NOBODY.pw_uid}
virtual_gid_maps = static:{NOBODY.pw_gid}
virtual_minimum_uid = 1
mynetworks = 127.0.0.0/8
vdeliver_listen = inet:127.0.0.1:{port}
maillog_file = {top}/log
maillog_file_prefixes = /var, {top}
""")
        self.start(program, "-c", top, "-f")
        wait_port(port)
        return port

    def postfix(self):
        port, top = free_port(), os.path.join(self.top, "postfix")
        for name in ("", "queue", "data"):
            os.mkdir(os.path.join(top, name), 0o755)
        shutil.chown(os.path.join(top, "data"), "postfix")
        boxes = own(os.path.join(self.top, "postfix-store"))
        with open(os.path.join(top, "main.cf"), "w") as f:
            f.write(f"""compatibility_level = 3.6
queue_directory = {top}/queue
data_directory = {top}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = bench.{DOMAIN}
mydestination =
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {boxes}
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{NOBODY.pw_uid}
virtual_gid_maps = static:{NOBODY.pw_gid}
virtual_minimum_uid = 1
maillog_file = /var/log/../..{top}/log
maillog_file_prefixes = /var, {top}
alias_maps =
""")
        with open("/etc/postfix/master.cf") as f:
            rows = f.read().replace("\nsmtp      inet",
                                    f"\n127.0.0.1:{port} inet", 1)
        with open(os.path.join(top, "master.cf"), "w") as f:
            f.write(rows)
        subprocess.run([have("postfix"), "-c", top, "start"], check=True,
                       capture_output=True)
        self.postfix_top = top
        wait_port(port)
        return port


# --- a sink that answers at once, and a line that takes time -------------------

async def _sink(reader, writer):
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"EHLO":
            writer.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb == b"DATA":
            writer.write(b"354 go on\r\n")
            tail = b""
            while not tail.endswith(b"\r\n.\r\n"):
                part = await reader.read(262144)
                if not part:
                    return writer.close()
                tail = (tail + part)[-5:]
            writer.write(b"250 yes\r\n")
        elif verb == b"QUIT":
            break
        else:
            writer.write(b"250 yes\r\n")
    writer.close()


def delayed(target, seconds):
    """Octets arrive that much later, whatever their number."""

    async def pump(reader, writer):
        queue, loop = asyncio.Queue(), asyncio.get_running_loop()

        async def put():
            while True:
                at, part = await queue.get()
                await asyncio.sleep(max(0, at - loop.time()))
                if not part:
                    return writer.close()
                writer.write(part)
                await writer.drain()

        task = asyncio.ensure_future(put())
        while part := await reader.read(262144):
            queue.put_nowait((loop.time() + seconds, part))
        queue.put_nowait((loop.time() + seconds, b""))
        await task

    async def serve(reader, writer):
        r, w = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pump(reader, w), pump(r, writer))

    return serve


def in_thread(serve):
    """A server in a process of its own, so that no lock is shared."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    pid = os.fork()
    if pid == 0:
        async def main():
            server = await asyncio.start_server(serve, "127.0.0.1", port)
            await server.serve_forever()
        asyncio.run(main())
        os._exit(0)
    wait_port(port)
    return pid, port


# --- contenders ------------------------------------------------------------------

def timed(command, env, seconds):
    t = time.monotonic()
    p = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    killer = threading.Timer(seconds, p.kill)
    killer.start()
    err = p.stderr.read()
    _, status, usage = os.wait4(p.pid, 0)
    killer.cancel()
    p.returncode = os.waitstatus_to_exitcode(status)
    return dict(wall=time.monotonic() - t, rc=p.returncode,
                cpu=usage.ru_utime + usage.ru_stime,
                err=err.decode(errors="replace")[-300:])


class Bench:
    def __init__(self, args, top):
        self.args, self.top = args, top
        self.servers = Servers(top)
        self.children = []

    def server(self, serve):
        pid, port = in_thread(serve)
        self.children.append(pid)
        return port

    def fresh(self):
        home = os.path.join(self.top, "home")
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(home)
        return home, dict(os.environ, HOME=home, FETCHMAILHOME=home)

    def by_rc(self, program, proto, sink):
        def run(user, port):
            home, env = self.fresh()
            rc = os.path.join(home, "rc")
            with open(rc, "w") as f:
                f.write(f'poll h via 127.0.0.1 protocol {proto} port {port} '
                        f'no dns timeout 60 user {user} password test '
                        f'is "{user}@{DOMAIN}" here smtphost 127.0.0.1/{sink} '
                        f"keep fetchall sslproto ''\n")
            os.chmod(rc, 0o600)
            return timed([program, "-f", rc, "-s", "--nosyslog", "--pidfile",
                          os.path.join(home, "pid")], env, self.args.timeout)
        return run

    def mpop(self, user, port):
        home, env = self.fresh()
        box = os.path.join(home, "box")
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(box, name))
        rc = os.path.join(home, "mpoprc")
        with open(rc, "w") as f:
            f.write(f"account a\nhost 127.0.0.1\nport {port}\nuser {user}\n"
                    f"password test\nauth user\ntls off\nkeep on\n"
                    f"only_new off\npipelining on\ndelivery maildir {box}\n"
                    f"uidls_file {home}/uidls\n")
        os.chmod(rc, 0o600)
        r = timed([have("mpop"), "-C", rc, "-q", "-a"], env, self.args.timeout)
        return dict(r, files=len(os.listdir(os.path.join(box, "new"))))

    def mbsync(self, user, port):
        home, env = self.fresh()
        rc = os.path.join(home, "mbsyncrc")
        os.mkdir(os.path.join(home, "box"))
        with open(rc, "w") as f:
            f.write(f"FSync yes\nIMAPStore r\nHost 127.0.0.1\nPort {port}\n"
                    f"User {user}\nPass test\nSSLType None\nAuthMechs LOGIN\n"
                    f"\nMaildirStore l\nPath {home}/box/\nInbox {home}/box/I\n"
                    f"\nChannel c\nFar :r:\nNear :l:\nPatterns INBOX\n"
                    f"Create Near\nSync Pull\nSyncState *\n")
        return timed([have("mbsync"), "-c", rc, "-a", "-q"], env,
                     self.args.timeout)

    def contenders(self):
        """(name, protocol, runner)"""
        fetcher = self.args.fetcher
        durable = self.servers.vdeliver(self.args.vdeliver)
        quick = self.server(_sink)
        yield "fetcher to vdeliver", "pop3", self.by_rc(fetcher, "pop3",
                                                        durable)
        yield "fetcher to a sink", "pop3", self.by_rc(fetcher, "pop3", quick)
        yield "fetcher to vdeliver", "imap", self.by_rc(fetcher, "imap",
                                                        durable)
        yield "fetcher to a sink", "imap", self.by_rc(fetcher, "imap", quick)
        for name, proto, run in (("mpop", "pop3", self.mpop),
                                 ("mbsync", "imap", self.mbsync)):
            if have(name):
                yield name, proto, run
            else:
                print(f"# {name} is not installed: left out")
        if not have("fetchmail"):
            print("# fetchmail is not installed: left out")
            return
        real = have("fetchmail")
        yield "fetchmail to a sink", "pop3", self.by_rc(real, "pop3", quick)
        if have("postfix") and os.path.exists("/etc/postfix/master.cf"):
            yield "fetchmail to Postfix", "pop3", self.by_rc(
                real, "pop3", self.servers.postfix())
        else:
            print("# Postfix is not installed: left out")

    def run(self):
        args = self.args
        source = own(os.path.join(self.top, "source"))
        populate(source, "u0", args.count, 1)
        populate(source, "s0", args.count_slow, 2)
        self.servers.dovecot()
        line = {p: self.server(delayed(p, 0.01))
                for p in (self.servers.pop3, self.servers.imap)}
        runs = [c for c in self.contenders()
                if not args.only or any(w in f"{c[0]} {c[1]}"
                                        for w in args.only.split(","))]
        scenes = (("loopback", "u0", args.count, lambda p: p),
                  ("20 ms line", "s0", args.count_slow, line.get))
        results = {}
        for number in range(args.rounds + 1):  # the first fills caches
            for scene, user, count, where in scenes:
                for name, proto, run in runs:
                    if number == 0 and name.startswith("fetchmail"):
                        continue
                    r = run(user, where(getattr(self.servers, proto)))
                    if r["rc"] != 0 or r.get("files", count) != count:
                        print("#", scene, name, proto, r, flush=True)
                        r["wall"] = float("nan")
                    if number > 0:
                        results.setdefault((scene, name, proto), []).append(r)
        for scene, _, count, _ in scenes:
            self.table(scene, count, results)

    def table(self, scene, count, results):
        print(f"\n{scene}, {count} messages, {self.args.rounds} rounds\n")
        print("| program | protocol | seconds | x mpop/mbsync | CPU us/message |")
        print("|---|---|--:|--:|--:|")
        for (s, name, proto), rs in results.items():
            if s != scene:
                continue
            base = results.get((s, "mpop" if proto == "pop3" else "mbsync",
                                proto), [])
            ratio = (statistics.median(r["wall"] / b["wall"]
                                       for r, b in zip(rs, base))
                     if base else float("nan"))
            wall = statistics.median(r["wall"] for r in rs)
            cpu = statistics.median(r["cpu"] for r in rs) / count * 1e6
            print(f"| {name} | {proto} | {wall:.2f} | {ratio:.2f} "
                  f"| {cpu:.0f} |", flush=True)

    def stop(self):
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if getattr(self.servers, "postfix_top", None):
            subprocess.run([have("postfix"), "-c", self.servers.postfix_top,
                            "stop"], capture_output=True)
        self.servers.stop()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("fetcher")
    p.add_argument("vdeliver")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--count", type=int, default=2000)
    p.add_argument("--count-slow", type=int, default=300)
    p.add_argument("--timeout", type=int, default=200)
    p.add_argument("--only", help="words of 'PROGRAM PROTOCOL', with commas")
    args = p.parse_args()
    if os.geteuid() != 0:
        sys.exit("fetch.py: run it as root: the servers change their user")
    top = tempfile.mkdtemp(prefix="bench-fetch.")
    os.chmod(top, 0o755)
    for name in ("source", "store", "postfix-store"):
        os.mkdir(os.path.join(top, name))
    bench = Bench(args, top)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        print("$", *sys.argv)
        print("#", os.uname().release, os.cpu_count(), "processors, load",
              "%.1f" % os.getloadavg()[0], flush=True)
        bench.run()
    finally:
        bench.stop()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
