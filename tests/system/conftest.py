"""Fixtures: servers on a private machine (see tests/peers/enter)."""

import os
import ssl
import subprocess

import pytest

from lib import fetchmail as fm
from lib.certs import Ca
from lib.daemon import Vdeliver
from lib.dovecot import Dovecot
from lib.pop3 import Pop3Server
from lib.postfix import Postfix
from lib.smtp import SmtpSink
from lib.syslog import Syslog

REAL = fm.REAL
counts = {"passed": 0, "failed": 0}
claimed = {}  # files, by name: another part has it


def pytest_collection_modifyitems(config, items):
    """Leave out what does not apply here; say which by name."""
    out = []
    for item in items:
        if item.get_closest_marker("ours") and REAL:
            out.append(item)
        elif item.get_closest_marker("long") and not os.environ.get("LONG"):
            out.append(item)
    if out:
        items[:] = [i for i in items if i not in out]
        config.hook.pytest_deselected(items=out)
        config.left_out = [i.nodeid for i in out]


def is_claimed(item):
    """Does another part have this file?"""
    claims = os.environ.get("VD_CLAIMS")
    if not claims:
        return False
    name = item.path.name
    if name not in claimed:
        try:
            os.mkdir(name, dir_fd=int(claims))
            claimed[name] = False
        except FileExistsError:
            claimed[name] = True
    return claimed[name]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    return True if is_claimed(item) else None


def pytest_terminal_summary(terminalreporter, config):
    left = [n.partition("::")[::2] for n in getattr(config, "left_out", [])]
    for file in sorted({f for f, _ in left}):
        names = [n for f, n in left if f == file]
        terminalreporter.write_line(f"left out here: {file}: "
                                    + ", ".join(names))


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        counts["passed"] += 1
    elif report.failed or report.skipped:
        counts["failed"] += 1


def pytest_collectreport(report):
    if report.failed:
        counts["failed"] += 1


def pytest_sessionfinish(session, exitstatus):
    if exitstatus not in (0, 1) and not counts["failed"]:
        counts["failed"] = 1
    path = os.environ.get("VD_COUNTS")
    if path:
        with open(path, "w") as f:
            f.write("{passed} passed, {failed} failed\n".format(**counts))


@pytest.fixture(scope="session", autouse=True)
def _open_base(tmp_path_factory):
    """Other users walk through the directories of the tests."""
    tmp_path_factory.getbasetemp().chmod(0o755)


@pytest.fixture
def top(tmp_path):
    """The test's own directory, which every user can enter."""
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    path = tmp_path_factory.mktemp("ca")
    path.chmod(0o755)
    return Ca(path)


@pytest.fixture
def server_tls(ca):
    """server_tls("host.name"): a server's context for the scripted POP3."""

    def make(*names):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.issue(*names))
        return context

    return make


@pytest.fixture
def syslog():
    """Ask for it before the programs that are to be heard."""
    s = Syslog()
    yield s
    s.close()


@pytest.fixture
def closing():
    """closing(thing) has thing.stop() or .close() called in the end."""
    things = []

    def add(thing):
        things.append(thing)
        return thing

    yield add
    errors = []
    for thing in reversed(things):
        try:
            (getattr(thing, "stop", None) or thing.close)()
        except Exception as e:  # go on with the others
            errors.append(e)
    if errors:
        raise errors[0]


@pytest.fixture
def dovecot(top, ca, closing):
    """dovecot({user: password}, tls=True, listen=[...]): not yet started."""

    def make(users, tls=False, **kw):
        if tls or REAL:
            kw["cert"] = ca.issue("pop.example.com", "other.example.com")
        return closing(Dovecot(top / "dovecot", users, **kw))

    return make


@pytest.fixture
def pop3(closing):
    return lambda *args, **kw: closing(Pop3Server(*args, **kw))


@pytest.fixture
def sink(closing):
    return lambda answers=None, **kw: closing(SmtpSink(answers, **kw))


@pytest.fixture
def vdeliver(top, closing):
    """vdeliver(config, maps, listen): not yet started."""
    kind = Postfix if REAL else Vdeliver
    count = iter(range(1000))

    def make(config=None, maps=None, listen=None):
        return closing(kind(top / f"vdeliver{next(count)}", config, maps,
                            listen))

    return make


@pytest.fixture
def real_postfix(top, closing):
    count = iter(range(1000))

    def make(config=None, maps=None, listen=None):
        return closing(Postfix(top / f"postfix{next(count)}", config, maps,
                               listen))

    return make


@pytest.fixture
def real():
    """real("postmap", ...): the original's output, as CompletedProcess."""

    def run(name, *args, check=True, **kw):
        return subprocess.run([f"/usr/sbin/{name}", *map(str, args)],
                              check=check, capture_output=True, text=True,
                              **kw)

    return run


@pytest.fixture
def run():
    """run("postmap", ...): our output, as CompletedProcess."""

    def call(name, *args, check=True, **kw):
        if "input" not in kw:
            kw["stdin"] = subprocess.DEVNULL
        p = subprocess.run([name, *map(str, args)], capture_output=True,
                           text=True, timeout=60, **kw)
        assert not check or p.returncode == 0, p.stderr
        return p

    return call


@pytest.fixture
def home(top):
    path = top / "home"
    path.mkdir()
    return path


@pytest.fixture
def start_fetchmail(top, home, ca, closing):
    """Start fetchmail with an rc text (or none) and arguments: a Popen."""

    class Running(subprocess.Popen):
        def stop(self):
            if self.poll() is None:
                self.kill()
                self.communicate()

    def start(rc, *args, uid=0, **env):
        if rc is not None:
            path = fm.write_rc(top / "fetchmailrc", rc, uid=uid)
            args = ("-f", path, *args)
        os.chown(home, uid, uid)
        if REAL:
            env.setdefault("SSL_CERT_FILE", ca.cert)
        return closing(Running(**fm.command(args, home, uid, **env)))

    return start


@pytest.fixture
def run_fetchmail(start_fetchmail):
    """The same to its end: has returncode, stdout and stderr."""

    def call(rc, *args, seconds=60, **kw):
        p = start_fetchmail(rc, *args, **kw)
        out, err = p.communicate(timeout=seconds)
        return subprocess.CompletedProcess(p.args, p.returncode, out, err)

    return call
