"""Database servers on private sockets, as a user without rights."""

import base64
import os
import socket
import subprocess

from .waiting import Late, free_port, port_open, until

OWNER = 5001  # popstore, see tests/peers/enter
PG = "/usr/lib/postgresql/15/bin"


class Database:
    """A server in top; start(), kill() and start() again."""

    def __init__(self, top):
        self.top, self.proc = top, None
        top.mkdir()
        os.chown(top, OWNER, OWNER)
        top.chmod(0o755)

    def run(self, *args, **kw):
        """A command as the server's user, to its end."""
        p = subprocess.run([str(a) for a in args], user=OWNER, group=OWNER,
                           extra_groups=[], cwd=self.top, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env={**os.environ, "HOME": str(self.top)}, **kw)
        assert p.returncode == 0, p.stdout
        return p.stdout

    def launch(self, *args):
        with open(self.top / "log", "ab") as log:
            self.proc = subprocess.Popen(
                [str(a) for a in args], user=OWNER, group=OWNER,
                extra_groups=[], cwd=self.top, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
                env={**os.environ, "HOME": str(self.top)})

    def socket_open(self, path):
        def accepts():
            if self.proc.poll() is not None:
                raise Late((self.top / "log").read_text(errors="replace"))
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(str(path))
                except OSError:
                    return False
                return True

        until(accepts, f"{path} accepts", 60)

    def kill(self):
        self.proc.kill()
        self.proc.wait(30)

    def stop(self):
        if self.proc is not None and self.proc.poll() is None:
            self.kill()


SCHEMA = """
CREATE TABLE mailbox (username VARCHAR(255), maildir VARCHAR(255),
                      more VARCHAR(255));
INSERT INTO mailbox VALUES ('a@b.example', 'b.example/a/', NULL);
INSERT INTO mailbox VALUES ('two@b.example', 'one', 'first');
INSERT INTO mailbox VALUES ('two@b.example', 'two', NULL);
INSERT INTO mailbox VALUES ('null@b.example', NULL, NULL);
INSERT INTO mailbox VALUES ('empty@b.example', '', '');
INSERT INTO mailbox VALUES ('o''k@b.example', 'quote', NULL);
INSERT INTO mailbox VALUES ('d"q@b.example', 'double', NULL);
INSERT INTO mailbox VALUES ('100%@b.example', 'percent', NULL);
INSERT INTO mailbox VALUES ('%s@b.example', 'template', NULL);
INSERT INTO mailbox VALUES ('semi;colon@b.example', 'semicolon', NULL);
INSERT INTO mailbox VALUES ('gr\u00fcn@b.example', 'utf8', NULL);
INSERT INTO mailbox VALUES ('virtualuser1@example.com', 'example.com/test1/',
                            NULL);
"""
QUERY = "SELECT maildir FROM mailbox WHERE username='%s'"


class MariaDb(Database):
    kind, backslash = "mysql", "\\\\"
    slow = "SELECT IF('%s' = 'slow@example.com', SLEEP(60), maildir) " \
           "FROM mailbox WHERE username='virtualuser1@example.com'"

    def __init__(self, top):
        super().__init__(top)
        self.socket = top / "s"
        self.port = free_port()
        self.run("/usr/bin/mariadb-install-db", "--no-defaults",
                 "--basedir=/usr", f"--datadir={top}/data", "--skip-test-db",
                 "--auth-root-authentication-method=normal",
                 "--skip-name-resolve", "--innodb-log-file-size=4M")
        self.start()
        self.sql("CREATE DATABASE mail CHARACTER SET utf8mb4; USE mail; "
                 + SCHEMA + "INSERT INTO mailbox VALUES ('b\\\\s@b.example', "
                 "'backslash', NULL);"
                 "CREATE PROCEDURE find(IN name VARCHAR(255)) SELECT maildir "
                 "FROM mailbox WHERE username = name;"
                 "CREATE PROCEDURE nothing() SET @x = 1;"
                 "GRANT SELECT, EXECUTE ON mail.* TO reader@localhost "
                 "IDENTIFIED BY 'pass word';"
                 "GRANT SELECT ON mail.* TO reader@'127.0.0.1' "
                 "IDENTIFIED BY 'pass word';")

    def start(self):
        self.launch("/usr/sbin/mariadbd", "--no-defaults",
                    f"--datadir={self.top}/data", f"--socket={self.socket}",
                    f"--pid-file={self.top}/pid", "--skip-name-resolve",
                    "--bind-address=127.0.0.1", f"--port={self.port}",
                    "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M")
        self.socket_open(self.socket)

    def sql(self, text):
        return self.run("/usr/bin/mariadb", "--no-defaults", "-uroot", "-N",
                        "--default-character-set=utf8mb4",
                        f"--socket={self.socket}", input=text)

    def cf(self, hosts=None):
        return (f"hosts = {hosts or f'unix:{self.socket}'}\n"
                "user = reader\npassword = pass word\ndbname = mail\n")


class PostgreSql(Database):
    kind, backslash = "pgsql", "\\"
    slow = "SELECT CASE WHEN '%s' = 'slow@example.com' THEN " \
           "pg_sleep(60)::text ELSE maildir END " \
           "FROM mailbox WHERE username='virtualuser1@example.com'"

    def __init__(self, top):
        super().__init__(top)
        self.port = free_port()
        self.socket = top / f".s.PGSQL.{self.port}"
        self.run(f"{PG}/initdb", "-D", top / "data", "-U", "boss", "-N",
                 "-E", "UTF8", "--locale=C", "-A", "trust")
        (top / "data/pg_hba.conf").write_text(
            "local all boss trust\nlocal all all scram-sha-256\n"
            "host all all 127.0.0.1/32 scram-sha-256\n")
        self.start()
        self.sql("CREATE DATABASE mail", "postgres")
        self.sql(SCHEMA + "INSERT INTO mailbox VALUES ('b\\s@b.example', "
                 "'backslash', NULL);"
                 "CREATE FUNCTION find(name text) RETURNS SETOF text AS "
                 "'SELECT maildir::text FROM mailbox WHERE username = name' "
                 "LANGUAGE sql;"
                 "CREATE ROLE reader LOGIN PASSWORD 'pass word';"
                 "GRANT SELECT ON mailbox TO reader;")

    def start(self):
        try:  # what a killed one left
            (self.top / "data/postmaster.pid").unlink()
        except FileNotFoundError:
            pass
        self.launch(f"{PG}/postgres", "-D", self.top / "data",
                    "-k", self.top, "-h", "127.0.0.1", "-p", self.port,
                    "-c", "fsync=off", "-c", "shared_buffers=4MB")
        self.socket_open(self.socket)
        until(self.answers, "postgres answers", 60)

    def answers(self):
        return subprocess.run(
            [f"{PG}/pg_isready", "-h", str(self.top), "-p", str(self.port)],
            stdout=subprocess.DEVNULL).returncode == 0

    def kill(self):
        """The server and its processes, which share a session with us."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid",
                                   str(self.proc.pid)], text=True,
                                  stdout=subprocess.PIPE).stdout.split()
        super().kill()
        for pid in children:
            try:
                os.kill(int(pid), 9)
            except ProcessLookupError:
                pass
        until(lambda: not any(os.path.exists(f"/proc/{p}/exe")
                              for p in children), "postgres is gone")

    def sql(self, text, database="mail"):
        return self.run(f"{PG}/psql", "-X", "-q", "-t", "-h", self.top, "-p",
                        self.port, "-U", "boss", "-d", database,
                        "-v", "ON_ERROR_STOP=1", input=text)

    def cf(self, hosts=None):
        return (f"hosts = {hosts or f'unix:{self.socket}'}\n"
                "user = reader\npassword = pass word\ndbname = mail\n")


# enter puts the unpacked peers there; their /etc is not in ours.
SCHEMAS = [d for d in ("/mnt/peers/etc/ldap/schema", "/etc/ldap/schema")
           if os.path.exists(f"{d}/core.schema")]

SLAPD = """
include {schemas}/core.schema
include {schemas}/cosine.schema
attributetype ( 1.3.6.1.4.1.4203.666.1.200 NAME 'mailacceptinggeneralid'
  EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.201 NAME 'maildrop'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.202 NAME 'more'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.4203.666.1.100 NAME 'mailAccount' SUP top AUXILIARY
  MAY ( mailacceptinggeneralid $ maildrop $ more $ member $ labeledURI ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {top}/pid
{config}
database mdb
suffix dc=example
rootdn cn=boss,dc=example
rootpw top secret
directory {top}/data
maxsize 10485760
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree=ou=closed,dc=example by dn=uid=reader,ou=people,dc=example
  read by * none
access to * by * read
"""

LDIF = """
dn: dc=example
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example
objectClass: organizationalUnit
ou: people

dn: ou=closed,dc=example
objectClass: organizationalUnit
ou: closed
"""


class Slapd(Database):
    kind = "ldap"

    def __init__(self, top, config="", address="127.0.0.1"):
        super().__init__(top)
        self.address = address
        self.socket, self.port = top / "s", free_port(address)
        (top / "data").mkdir()
        os.chown(top / "data", OWNER, OWNER)
        (top / "slapd.conf").write_text(SLAPD.format(
            schemas=SCHEMAS[0], top=top, config=config).replace(
            "rootpw top secret", "rootpw secret"))

    @property
    def url(self):
        return "ldapi://" + str(self.socket).replace("/", "%2F")

    def load(self, *entries):
        """Each entry a dict of attributes; lists have several values."""
        text = [LDIF]
        for entry in entries:
            entry = {"objectClass": ["account", "mailAccount"], **entry}
            text.append("dn:: " + encode(entry.pop("dn")))
            for name, values in entry.items():
                for v in values if isinstance(values, list) else [values]:
                    text.append(f"{name}:: {encode(v)}")
            text.append("")
        self.run("/usr/sbin/slapadd", "-f", self.top / "slapd.conf",
                 input="\n".join(text))

    def start(self):
        self.launch("/usr/sbin/slapd", "-f", self.top / "slapd.conf", "-h",
                    f"{self.url} ldap://{self.address}:{self.port}", "-d", "0")
        self.socket_open(self.socket)

    def cf(self, hosts=None):
        return (f"server_host = {hosts or self.url}\nversion = 3\n"
                "search_base = ou=people,dc=example\n")


def encode(text):
    return base64.b64encode(text.encode()).decode()


class Memcached(Database):
    def __init__(self, top):
        super().__init__(top)
        self.port = free_port()

    def start(self):
        self.launch("/usr/bin/memcached", "-l", "127.0.0.1", "-p", self.port,
                    "-U", "0", "-m", "16")
        port_open("127.0.0.1", self.port, self.proc)

    def say(self, *lines):
        """Its answers, until it says a line that ends one."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            s.sendall("".join(x + "\r\n" for x in lines).encode())
            s.shutdown(socket.SHUT_WR)
            return s.makefile().read()
