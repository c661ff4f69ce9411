"""Tables of database servers, beside the real servers."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from lib.databases import OWNER, QUERY, MariaDb, Memcached, PostgreSql, Slapd
from lib.lines import Drop, LineServer
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


# ---- LDAP

LDAP_HOSTILE = ["star*@b.example", "paren(x)@b.example", "or)(|(uid=*",
                "back\\slash@b.example", "com,ma@b.example", "a+b=c@b.example",
                "semi;colon@b.example", '"quoted"@b.example', "#x@b.example",
                " blanks @b.example", "new\nline@b.example", "<x>@b.example",
                "gr\u00fcn@b.example", "o'k@b.example", "100%s@b.example"]
MATCH_ALL = ["*", "a*", "*@b.example", "a@b.example)(uid=*", "a@b.example)",
             "\\2a", "\\*", "*)(uid=*))(|(uid=*", "(uid=*)", "\\"]


def person(name, where="people", **attributes):
    return {"dn": f"uid={name},ou={where},dc=example", "uid": name,
            **attributes}


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    top = tmp_path_factory.mktemp("ldap")
    top.chmod(0o755)
    server = Slapd(top / "db")
    people = "ou=people,dc=example"
    server.load(
        person("a", mailacceptinggeneralid="a@b.example",
               maildrop=["a@one.example", "a@two.example"], more="more a"),
        person("b", mailacceptinggeneralid="b@b.example",
               maildrop="b@one.example"),
        person("bare", mailacceptinggeneralid="bare@b.example"),
        person("user", mailacceptinggeneralid="virtualuser1@example.com",
               maildrop="example.com/test1/"),
        person("secret", "closed", mailacceptinggeneralid="s@b.example",
               maildrop="opened"),
        {"dn": f"uid=reader,{people}", "uid": "reader",
         "objectClass": ["account", "simpleSecurityObject"],
         "userPassword": "pass word"},
        person("group", mailacceptinggeneralid="group@b.example",
               member=[f"uid=a,{people}", f"uid=b,{people}",
                       f"uid=nobody,{people}", f"uid=inner,{people}"],
               more="leaf of group"),
        person("inner", mailacceptinggeneralid="inner@b.example",
               labeledURI="ldap:///ou=people,dc=example?maildrop?one?(uid=user)",
               more="leaf of inner"),
        person("url", mailacceptinggeneralid="url@b.example",
               labeledURI=["ldap:///ou=people,dc=example?mail?one?(uid=a)",
                           f"ldap:///uid=b,{people}"]),
        person("bad", mailacceptinggeneralid="bad@b.example",
               labeledURI="ldap://x:y:z"),
        person("end", mailacceptinggeneralid="end@b.example",
               more="the end", maildrop="not this",
               member=f"uid=a,{people}"),
        person("loop", mailacceptinggeneralid="loop@b.example",
               member=f"uid=loop,{people}"),
        *(person(f"h{i}", mailacceptinggeneralid=v, maildrop=f"hostile{i}")
          for i, v in enumerate(LDAP_HOSTILE)))
    server.start()
    yield server
    server.stop()


def test_ldap_lookups(slapd, ask):
    stderr = []
    assert ask("ldap", slapd.cf(), "a@b.example", "A@B.EXAMPLE", "none",
               "bare@b.example", "", stderr=stderr) == [
        "a@one.example,a@two.example", "a@one.example,a@two.example",
        None, None, None]
    assert stderr[:4] == [""] * 4
    more = ("query_filter = (&(uid=%u)(objectClass=account))\n"
            "result_attribute = more\nresult_format = %s of %U\n"
            "domain = b.example\nscope = one\n")
    assert ask("ldap", slapd.cf() + more, "a@b.example", "a@c.example") == [
        "more a of a", None]
    # Nothing is below an entry, and search_base may be a template.
    assert ask("ldap", slapd.cf() + "scope = base\n", "a@b.example") == [None]
    assert ask("ldap", slapd.cf() + "scope = base\n"
               "search_base = uid=%u,ou=people,dc=%2\n"
               "query_filter = (objectClass=*%1)\n",
               "a@example.account", "a@account", "zz@example.account") == [
        None, None, None]
    assert ask("ldap", slapd.cf() + "scope = base\n"
               "search_base = uid=%u,ou=people,dc=%1\n"
               "query_filter = (objectClass=%2)\n",
               "a@account.example", "zz@account.example") == [
        "a@one.example,a@two.example", None]


def test_ldap_hostile_keys(slapd, ask):
    answers = ask("ldap", slapd.cf(), *LDAP_HOSTILE)
    assert answers == [f"hostile{i}" for i in range(len(LDAP_HOSTILE))]
    assert ask("ldap", slapd.cf(), *MATCH_ALL) == [None] * len(MATCH_ALL)
    # In a name no part of a key leads elsewhere.
    settings = slapd.cf() + ("search_base = uid=%u,ou=people,dc=example\n"
                             "query_filter = (objectClass=*)\n"
                             "scope = base\n")
    assert ask("ldap", settings,
               "a@x", "x,uid=a@x", "a,ou=people,dc=example@x", "a\\@x",
               "a+uid=b@x", "*@x", '"a"@x', "#a@x", "a;b@x") == [
        "a@one.example,a@two.example"] + [None] * 8


def test_ldap_groups(slapd, ask, etc, run):
    special = "special_result_attribute = member, labeledURI\n"
    stderr = []
    got, = ask("ldap", slapd.cf() + special, "group@b.example", stderr=stderr)
    assert sorted(got.split(",")) == [
        "a@one.example", "a@two.example", "b@one.example",
        "example.com/test1/"]
    assert "DN uid=nobody,ou=people,dc=example not found, skipping" in \
        stderr[0]
    # A leaf has no members.
    got, = ask("ldap", slapd.cf() + special + "leaf_result_attribute = more\n"
               "result_attribute =\n", "group@b.example")
    assert got == "more a"
    # What ends the search.
    got, = ask("ldap", slapd.cf() + special
               + "terminal_result_attribute = more\n", "end@b.example")
    assert got == "the end"
    # A URL may say which attributes it has.
    assert ask("ldap", slapd.cf() + special, "url@b.example") == [
        "b@one.example"]
    assert "malformed URL ldap://x:y:z: " in failing(
        run, etc, "ldap", slapd.cf() + special, "bad@b.example")
    assert "Recursion limit exceeded for special attribute member=" in failing(
        run, etc, "ldap", slapd.cf() + special + "recursion_limit = 5\n",
        "loop@b.example")


def test_ldap_limits(slapd, etc, run, ask):
    everyone = slapd.cf() + "query_filter = (|(uid=%s)(maildrop=*))\n"
    assert len(ask("ldap", everyone, "x")[0].split(",")) > 10
    assert ("dict_ldap_get_values[1]: " + str(etc / "cf") + ": Expansion limit "
            "exceeded for key: 'x'") in failing(
        run, etc, "ldap", everyone + "expansion_limit = 3\nsize_limit = 0\n",
        "x")
    assert "Search error 4: Size limit exceeded" in failing(
        run, etc, "ldap", everyone + "size_limit = 3\n", "x")


def test_ldap_bind(slapd, etc, run, ask):
    closed = slapd.cf() + "search_base = dc=example\n"
    assert ask("ldap", closed, "s@b.example") == [None]
    bind = closed + "bind_dn = uid=reader,ou=people,dc=example\nbind_pw = "
    assert ask("ldap", bind + "pass word\n", "s@b.example") == ["opened"]
    assert ask("ldap", bind + "pass word\nbind = no\n", "s@b.example") == [
        None]
    err = failing(run, etc, "ldap", bind + "wrong\n")
    assert ("warning: dict_ldap_connect: Unable to bind to server "
            f"{slapd.url} with dn uid=reader,ou=people,dc=example: 49 "
            "(Invalid credentials)\n") in err
    assert "bind = sasl\n" in failing(run, etc, "ldap",
                                      closed + "bind = sasl\n")
    # The default is a protocol that servers refuse today, as the original's.
    assert "Protocol error" in failing(
        run, etc, "ldap", slapd.cf(f"127.0.0.1:{slapd.port}").replace(
            "version = 3", ""))
    assert ask("ldap", slapd.cf().replace("version = 3", ""),
               "b@b.example") == ["b@one.example"]


def test_ldap_servers(slapd, ask, etc, run):
    for host in (f"ldap://127.0.0.1:{slapd.port}", f"127.0.0.1:{slapd.port}",
                 f"127.0.0.1\nserver_port = {slapd.port}",
                 f"ldap://127.0.0.1:1 ldap://127.0.0.1:{slapd.port}"):
        assert ask("ldap", slapd.cf(host), "b@b.example") == ["b@one.example"]
    stderr = []
    assert ask("ldap", slapd.cf() + "cache = yes\nscope = all\n",
               "b@b.example", stderr=stderr) == ["b@one.example"]
    assert "unsupported parameter \"cache\": ignored" in stderr[0]
    assert "Unrecognized value all specified for scope; using sub" in stderr[0]
    assert "Search base 'dc=nowhere' not found: 32: No such object" in failing(
        run, etc, "ldap", slapd.cf() + "search_base = dc=nowhere\n")


def test_ldap_one_connection(slapd, etc, top):
    (etc / "cf").write_text(slapd.cf())
    p = subprocess.run(
        ["strace", "-f", "-e", "trace=connect", "-o", top / "trace", "postmap",
         "-c", etc, "-q", "-", f"ldap:{etc}/cf"],
        input="b@b.example\nnone\n" * 2000, capture_output=True, text=True,
        timeout=60)
    assert p.stdout == "b@b.example\tb@one.example\n" * 2000, p.stderr
    assert (top / "trace").read_text().count(str(slapd.socket)) == 1


def test_ldap_delivery(slapd, vdeliver):
    host = vdeliver({"virtual_mailbox_maps": None})
    (host.dir / "cf").write_text(slapd.cf() + "timeout = 20\n")
    host.write_config(virtual_mailbox_maps=f"ldap:{host.dir}/cf")
    host.start()
    to = "virtualuser1@example.com"
    assert send(host.where, "s@remote.example", to,
                message(1)).startswith("250 "), host.log()
    assert rcpt(host, "nobody@example.com").startswith("550 5.1.1 ")
    # It dies while it is asked.
    slapd.proc.send_signal(signal.SIGSTOP)
    with Client(host.where) as c:
        c.say("EHLO client.example")
        c.say("MAIL FROM:<s@remote.example>")
        c.send(f"RCPT TO:<{to}>")
        slapd.kill()
        assert c.reply().startswith("451 4.3.0 ")
    host.logged("warning: dict_ldap_connect: Unable to bind to server ")
    slapd.start()
    assert rcpt(host, to).startswith("250 ")
    warnings = host.log().count("warning: ")
    slapd.kill()
    slapd.start()
    assert rcpt(host, to).startswith("250 ")
    assert host.log().count("warning: ") == warnings, host.log()


def test_ldap_tls(top, ca, ask, etc, run):
    cert, key = map(Path, ca.issue("pop.example.com"))
    for f in cert, key:
        shutil.copy(f, top / f.name)
        os.chown(top / f.name, OWNER, OWNER)
    server = Slapd(top / "db", f"TLSCertificateFile {top}/{cert.name}\n"
                   f"TLSCertificateKeyFile {top}/{key.name}\n"
                   "security tls=1", "127.0.0.11")
    server.load(person("a", mailacceptinggeneralid="a", maildrop="drop"))
    server.start()
    try:
        plain = server.cf(f"pop.example.com:{server.port}")
        tls = plain + "start_tls = yes\ntls_require_cert = yes\n"
        good = tls + f"tls_ca_cert_file = {ca.cert}\n"
        assert ask("ldap", good, "a") == ["drop"]
        assert "error: " in failing(run, etc, "ldap", plain, "a")
        for bad in (tls, good.replace("pop.example.com", "127.0.0.11")):
            assert "Unable to set STARTTLS" in failing(run, etc, "ldap", bad,
                                                       "a")
        assert "start_tls requires protocol version 3" in failing(
            run, etc, "ldap", good.replace("version = 3", "version = 2"), "a")
    finally:
        server.stop()


def test_ldap_no_answer(slapd, etc, run):
    slapd.proc.send_signal(signal.SIGSTOP)
    try:
        err = failing(run, etc, "ldap", slapd.cf() + "timeout = 1\n")
    finally:
        slapd.proc.send_signal(signal.SIGCONT)
    assert "(Timed out)" in err or "Can't contact" in err


# ---- memcache

@pytest.fixture
def memcached(top):
    server = Memcached(top / "db")
    server.start()
    yield server
    server.stop()


def test_memcache_lookups(memcached, ask, top):
    cf = f"memcache = inet:127.0.0.1:{memcached.port}\nkey_format = x:%s\n"
    data = "one\r\ntwo END\r\n"
    memcached.say("set x:a@b.example 0 0 5", "hello", f"set x:more 0 0 {len(data)}",
                  data, "set x:empty 0 0 0", "", "set x:big 0 0 10241",
                  "y" * 10241)
    assert ask("memcache", cf, "a@b.example", "A@b.example", "none", "empty",
               "", "x" * 300) == ["hello", "hello", None, "", None, None]
    assert ask("memcache", cf, "more")[0].replace("\n", "") == "onetwo END"
    # No key becomes a second command.
    hostile = ["a\r\nset x:evil 0 0 1\r\n1", "a b", "a\nflush_all", "a\x01",
               "a@b.example\r", "a\t", "\x7f"]
    assert ask("memcache", cf, *hostile) == [None] * len(hostile)
    assert "evil" not in memcached.say("get x:evil")
    domain = cf + "key_format = %d/%u/%1\ndomain = b.example\n"
    memcached.say("set b.example/a/example 0 0 2", "ok")
    assert ask("memcache", domain, "a@b.example", "a@c.example", "b.example"
               ) == ["ok", None, None]


def test_memcache_errors(memcached, etc, run, ask):
    cf = f"memcache = inet:127.0.0.1:{memcached.port}\n"
    memcached.say("set a 0 0 10", "0123456789")
    assert ask("memcache", cf + "data_size_limit = 10\n", "a") == [
        "0123456789"]
    assert "data_size_limit" in failing(run, etc, "memcache", cf
                                        + "data_size_limit = 9\n", "a")
    assert "line_size_limit" in failing(run, etc, "memcache", cf
                                        + "line_size_limit = 9\n", "a")
    memcached.proc.send_signal(signal.SIGSTOP)
    err = failing(run, etc, "memcache", cf + "timeout = 1\nmax_try = 1\n",
                  "a")
    memcached.proc.send_signal(signal.SIGCONT)
    assert "warning: " in err
    memcached.kill()
    assert "Connection refused" in failing(run, etc, "memcache", cf, "a")
    err = failing(run, etc, "memcache", "memcache = here\n", "a")
    assert err == ("postmap: fatal: need service transport:endpoint instead "
                   "of \"here\"\n")


class Odd(LineServer):
    """A server that says what a test wants it to."""

    def __init__(self, *replies):
        self.replies, self.seen = list(replies), []
        super().__init__()

    def talk(self, line):
        while True:
            self.seen.append(line.read())
            reply = self.replies.pop(0)
            if reply is None:
                raise Drop
            line.send(reply)


def test_memcache_odd_answers(closing, etc, run, ask):
    for reply in ("ERROR", "VALUE b 0 1\r\nx\r\nEND", "VALUE a 0 -1",
                  "VALUE a 0 99999999999999999999", "VALUE a 0 1\r\nxyz\r\nEND",
                  "VALUE a 0", "VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\ny\r\nEND",
                  None):
        server = closing(Odd(reply, reply))
        cf = (f"memcache = inet:127.0.0.1:{server.port}\nretry_pause = 0\n"
              "timeout = 5\n")
        err = failing(run, etc, "memcache", cf, "a")
        assert f"warning: {etc}/cf: " in err
        assert len(server.seen) == 2
    # The second try counts.
    server = closing(Odd(None, "VALUE a 0 1\r\nx\r\nEND"))
    assert ask("memcache", f"memcache = inet:127.0.0.1:{server.port}\n"
               "retry_pause = 0\n", "a") == ["x"]


def test_memcache_backup(memcached, etc, run, ask):
    cf = (f"memcache = inet:127.0.0.1:{memcached.port}\nflags = 7\n"
          "key_format = k:%s\nbackup = inline:{{a = b c}}\n")
    assert ask("memcache", cf, "a", "b") == ["b c", None]
    assert "VALUE k:a 7 3\n" in memcached.say("get k:a")
    assert ask("memcache", cf.replace("b c", "new"), "a") == ["b c"]
    memcached.kill()
    stderr = []
    assert ask("memcache", cf, "a", "b", stderr=stderr) == ["b c", None]
    assert "Connection refused" in stderr[0]
    memcached.start()
    assert ask("memcache", cf + "ttl = -1\n", "a") == ["b c"]
    assert "VALUE" not in memcached.say("get k:a")
    assert "open database" in failing(run, etc, "memcache", cf.replace(
        "inline:{{a = b c}}", "hash:/nonexistent"), "a")


def test_memcache_is_not_for_delivery(memcached, vdeliver):
    """Whoever reaches the server can write to it."""
    host = vdeliver({"virtual_alias_maps": None})
    (host.dir / "cf").write_text(
        f"memcache = inet:127.0.0.1:{memcached.port}\n")
    memcached.say("set alias@example.com 0 0 24", "virtualuser1@example.com")
    host.write_config(virtual_alias_maps=f"memcache:{host.dir}/cf")
    host.start()
    assert send(host.where, "s@remote.example", "alias@example.com",
                message(1)).startswith("250 "), host.log()
    assert len(host.new("test1")) == 1
    host.stop()
    host.write_config(virtual_mailbox_maps=f"memcache:{host.dir}/cf")
    host.start()
    assert rcpt(host, "virtualuser1@example.com").startswith("451 4.3.0 ")
    host.logged("map is not allowed for security-sensitive data")
