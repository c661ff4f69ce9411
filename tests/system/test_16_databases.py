"""Tables of database servers, beside the real servers."""

import signal
import subprocess

import pytest

from lib.databases import QUERY, MariaDb, PostgreSql
from lib.mail import message
from lib.smtp import Client, send
from lib.waiting import until

pytestmark = pytest.mark.ours
SQL = [MariaDb, PostgreSql]


@pytest.fixture(scope="module", params=SQL, ids=lambda k: k.kind)
def sql(request, tmp_path_factory):
    """A server, for all tests of its kind."""
    top = tmp_path_factory.mktemp(request.param.kind)
    top.chmod(0o755)
    server = request.param(top / "db")
    yield server
    server.stop()


@pytest.fixture
def etc(top):
    path = top / "etc"
    path.mkdir()
    (path / "main.cf").write_text("compatibility_level = 3.6\n")
    return path


@pytest.fixture
def ask(etc, run):
    """ask(kind, settings, *keys): the answers, None for what is not there."""

    def call(kind, settings, *keys, stderr=None):
        (etc / "cf").write_text(settings)
        out = []
        for key in keys:
            p = run("postmap", "-c", etc, "-q", key, f"{kind}:{etc}/cf",
                    check=False)
            assert "fatal" not in p.stderr, p.stderr
            if stderr is not None:
                stderr.append(p.stderr)
            out.append(p.stdout[:-1] if p.returncode == 0 else None)
        return out

    return call


def failing(run, etc, kind, settings, key="a@b.example"):
    (etc / "cf").write_text(settings)
    p = run("postmap", "-c", etc, "-q", key, f"{kind}:{etc}/cf", check=False)
    assert (p.returncode, p.stdout) == (1, ""), p
    return p.stderr


HOSTILE = {
    "o'k@b.example": "quote",
    'd"q@b.example': "double",
    "100%@b.example": "percent",
    "%s@b.example": "template",
    "b\\s@b.example": "backslash",
    "semi;colon@b.example": "semicolon",
    "gr\u00fcn@b.example": "utf8",
    "' OR '1'='1": None,
    "' OR 1=1 -- ": None,
    "\\' OR 1=1 -- ": None,
    "\\": None,
    "'": None,
    "''": None,
    "x'; DROP TABLE mailbox; -- ": None,
    "\\'; DROP TABLE mailbox; -- ": None,
    "a@b.example\n": None,
    "a@b.example\r": None,
    "a@b.example\x1a": None,
    "*": None,
    "%": None,
    "_@b.example": None,
}


def test_lookups(sql, ask):
    stderr = []
    settings = sql.cf() + f"query = {QUERY}\n"
    assert ask(sql.kind, settings, "a@b.example", "A@B.Example", "none",
               "two@b.example", "null@b.example", "empty@b.example",
               "", stderr=stderr) == [
        "b.example/a/", "b.example/a/", None, "one,two", None, None, None]
    assert "empty lookup result for: \"empty@b.example\"" in stderr[5]
    assert stderr[:5] == [""] * 5


def test_templates(sql, ask):
    settings = sql.cf() + "query = SELECT '%u', '%d', '%2', '%%', '%s'\n"
    assert ask(sql.kind, settings, "u@x.y.z", "u", "@x.y", "u@y") == [
        "u,x.y.z,y,%,u@x.y.z", None, None, None]
    settings = sql.cf() + (f"query = {QUERY}\ndomain = b.example, c.example\n"
                           "result_format = [%U] %s\n")
    assert ask(sql.kind, settings, "two@b.example", "virtualuser1@example.com",
               "@b.example", "b.example") == ["[two] one,[two] two",
                                              None, None, None]
    settings = sql.cf() + ("table = mailbox\nselect_field = maildir, more\n"
                           "where_field = username\n"
                           "additional_conditions = AND more IS NOT NULL\n")
    assert ask(sql.kind, settings, "two@b.example") == ["one,first"]


def test_hostile_keys(sql, ask):
    settings = sql.cf() + f"query = {QUERY}\n"
    assert dict(zip(HOSTILE, ask(sql.kind, settings, *HOSTILE))) == HOSTILE
    assert ask(sql.kind, settings, b"\xff@b.example",
               "a@b.example") == [None, "b.example/a/"]
    # The same with a template that takes the key apart.
    settings = sql.cf() + "query = SELECT '%u' WHERE '%d' <> ''\n"
    keys = [k + "@b.example" for k in HOSTILE]
    # Python takes "\r\n" for one end of a line.
    assert ask(sql.kind, settings, *keys) == [k.lower().removesuffix("\r")
                                              for k in HOSTILE]


def test_a_nul_ends_the_key(sql, etc, run):
    """From standard input; a lookup of longer keys is a unit test's."""
    (etc / "cf").write_text(sql.cf() + f"query = {QUERY}\n")
    p = run("postmap", "-c", etc, "-q", "-", f"{sql.kind}:{etc}/cf",
            input="a@b.example\0' OR '1'='1\n")
    assert p.stdout == "a@b.example\tb.example/a/\n"


def test_limit(sql, etc, run, ask):
    settings = sql.cf() + f"query = {QUERY}\nexpansion_limit = 1\n"
    assert ask(sql.kind, settings, "a@b.example") == ["b.example/a/"]
    assert (f"warning: dict_{sql.kind}_lookup: {etc}/cf: Expansion limit "
            "exceeded for key: 'two@b.example'\n"
            "postmap: fatal: table ") in failing(run, etc, sql.kind, settings,
                                                 "two@b.example")


def test_errors_are_temporary(sql, etc, run):
    err = failing(run, etc, sql.kind, sql.cf() + "query = SELEC '%s'\n")
    assert "query failed" in err and "query error: " in err
    err = failing(run, etc, sql.kind, sql.cf().replace("pass word", "x")
                  + f"query = {QUERY}\n")
    assert f"warning: connect to {sql.kind} server " in err
    err = failing(run, etc, sql.kind, sql.cf().replace("dbname = mail", "")
                  + f"query = {QUERY}\n")
    assert err == (f"postmap: fatal: {etc}/cf: bad string length 0 < 1: "
                   "dbname = \n")
    err = failing(run, etc, sql.kind, sql.cf() + "query = '%x'\n")
    assert "Invalid query template: '%x'" in err


def test_unknown_settings(sql, ask):
    stderr = []
    settings = sql.cf() + f"query = {QUERY}\nhost = x\nexpiration = 5\n"
    assert ask(sql.kind, settings, "a@b.example", stderr=stderr) == [
        "b.example/a/"]
    assert "line 6: unknown parameter \"host\": ignored" in stderr[0]
    assert "line 7: unknown parameter \"expiration\"" in stderr[0]


def test_hosts(sql, etc, ask, run):
    good = [f"127.0.0.1:{sql.port}", f"inet:127.0.0.1:{sql.port}"]
    for host in good:
        assert ask(sql.kind, sql.cf(host) + f"query = {QUERY}\n",
                   "a@b.example") == ["b.example/a/"]
    # One that is not there is warned of, and another one is asked.
    stderr = []
    settings = sql.cf(f"unix:/nonexistent/s {good[0]}") + f"query = {QUERY}\n"
    assert ask(sql.kind, settings, "a@b.example", stderr=stderr) == [
        "b.example/a/"]
    assert stderr[0].startswith(
        f"postmap: warning: connect to {sql.kind} server ")
    assert stderr[0].count("\n") == 1


@pytest.mark.parametrize("sql", [PostgreSql], indirect=True)
def test_a_uri(sql, etc, ask):
    """It has all in it; none of it but the failure is told."""
    uri = f"postgresql://reader:{{}}@127.0.0.1:{sql.port}/mail"
    settings = f"hosts = {uri}\nquery = {QUERY}\n"
    assert ask("pgsql", settings.format("pass%20word"), "a@b.example") == [
        "b.example/a/"]
    (etc / "cf").write_text(settings.format("wrong"))
    p = subprocess.run(["postmap", "-c", etc, "-q", "a", f"pgsql:{etc}/cf"],
                       capture_output=True, text=True)
    assert "password authentication failed" in p.stderr
    assert "wrong" not in p.stderr


def test_one_connection(sql, etc, run, top):
    """Thousands of lookups over it."""
    (etc / "cf").write_text(sql.cf() + f"query = {QUERY}\n")
    keys = ["a@b.example", "none", "o'k@b.example"] * 2000
    p = subprocess.run(
        ["strace", "-f", "-e", "trace=connect", "-o", top / "trace", "postmap",
         "-c", etc, "-q", "-", f"{sql.kind}:{etc}/cf"],
        input="".join(k + "\n" for k in keys), capture_output=True, text=True,
        timeout=60)
    assert p.stdout == ("a@b.example\tb.example/a/\n"
                        "o'k@b.example\tquote\n") * 2000, p.stderr
    assert (top / "trace").read_text().count(str(sql.socket)) == 1


def rcpt(host, address):
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        return c.say(f"RCPT TO:<{address}>")


def mailhost(sql, vdeliver, query):
    host = vdeliver({"virtual_mailbox_maps": None})
    (host.dir / "cf").write_text(sql.cf() + f"query = {query}\n")
    host.write_config(virtual_mailbox_maps=f"{sql.kind}:{host.dir}/cf")
    return host.start()


def test_delivery(sql, vdeliver):
    """By a server that dies and comes back."""
    host = mailhost(sql, vdeliver, QUERY)
    to = "virtualuser1@example.com"
    assert send(host.where, "s@remote.example", to,
                message(1)).startswith("250 "), host.log()
    assert rcpt(host, "nobody@example.com").startswith("550 5.1.1 ")
    sql.kill()
    assert rcpt(host, to).startswith("451 4.3.0 ")
    host.logged(f"warning: connect to {sql.kind} server ")
    sql.start()
    assert send(host.where, "s@remote.example", to,
                message(2)).startswith("250 "), host.log()
    assert len(host.new("test1")) == 2
    # A restart between two lookups is nobody's business.
    warnings = host.log().count("warning: ")
    sql.kill()
    sql.start()
    assert rcpt(host, to).startswith("250 ")
    assert host.log().count("warning: ") == warnings, host.log()


def test_death_in_mid_lookup(sql, vdeliver):
    host = mailhost(sql, vdeliver, sql.slow)
    assert rcpt(host, "virtualuser1@example.com").startswith("250 ")
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        c.send("RCPT TO:<slow@example.com>")
        until(lambda: sleeping(sql), "the query runs")
        sql.kill()
        assert c.reply().startswith("451 4.3.0 ")
    host.logged("warning: ")
    sql.start()
    assert rcpt(host, "virtualuser1@example.com").startswith("250 ")


def sleeping(sql):
    if sql.kind == "mysql":
        return "SLEEP" in sql.sql("SELECT info FROM information_schema."
                                  "processlist WHERE user = 'reader'")
    return "pg_sleep" in sql.sql("SELECT query FROM pg_stat_activity "
                                 "WHERE usename = 'reader'")


def test_a_server_that_does_not_answer(sql, etc):
    """postmap -q gives up by itself; here we only look that it waits."""
    (etc / "cf").write_text(sql.cf() + f"query = {QUERY}\n")
    sql.proc.send_signal(signal.SIGSTOP)
    try:
        p = subprocess.Popen(["postmap", "-c", etc, "-q", "a@b.example",
                              f"{sql.kind}:{etc}/cf"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = p.communicate(timeout=50)
    finally:
        sql.proc.send_signal(signal.SIGCONT)
    assert p.returncode == 1 and out == ""
    assert f"warning: connect to {sql.kind} server " in err


def test_procedures(sql, ask, etc, run):
    if sql.kind == "mysql":
        settings = sql.cf() + "query = CALL find('%s')\n"
        nothing = sql.cf() + "query = CALL nothing() -- '%s'\n"
        assert "query returned no result set(require_result_set = yes)" in \
            failing(run, etc, "mysql", nothing)
        assert ask("mysql", nothing + "require_result_set = no\n", "x") == [
            None]
    else:
        settings = sql.cf() + "select_function = find\n"
    assert ask(sql.kind, settings, "two@b.example", "none") == ["one,two",
                                                               None]
