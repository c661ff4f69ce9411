"""What vdeliver tells without delivering: -n, -d, -x and -t."""

import pytest

from lib.smtp import Client

pytestmark = pytest.mark.ours


def test_show_what_is_set(vdeliver):
    host = vdeliver({"header_checks": "pcre:/x", "place": "/srv",
                     "virtual_mailbox_base": "$place/mail"})
    p = host.command("-n")
    lines = p.stdout.splitlines()
    assert p.returncode == 0 and lines == sorted(lines)
    assert "virtual_mailbox_base = $place/mail" in lines
    assert "place = /srv" in lines and "header_checks" not in p.stdout
    assert (f"warning: {host.dir}/main.cf: unused parameter: "
            "header_checks=pcre:/x") in p.stderr
    p = host.command("-n", "-x")
    assert "virtual_mailbox_base = /srv/mail\n" in p.stdout


def test_show_defaults(vdeliver):
    p = vdeliver().command("-d")
    assert p.returncode == 0 and p.stderr == ""
    assert "virtual_minimum_uid = 100\n" in p.stdout
    assert "\nvdeliver_user = vdeliver\n" in p.stdout


@pytest.mark.parametrize("args", [("-n", "-d"), ("-x",), ("-n", "-t"),
                                  ("-d", "-f"), ("-n", "status")])
def test_show_refuses(vdeliver, args):
    assert vdeliver().command(*args).returncode == 64


def test_check_at_start(vdeliver):
    """-t says what a start would say, and which tables cannot be used."""
    host = vdeliver()
    p = host.command("-t")
    assert (p.returncode, p.stdout, p.stderr) == (0, "", "")
    for name, value, text in [
            ("vdeliver_user", "nobody-here", "fatal: neither vdeliver_user"),
            ("vdeliver_listen", "tcp:x:1", "fatal: "),
            ("virtual_mailbox_base", "mail",
             "fatal: do not specify relative pathname: "
             "virtual_mailbox_base = mail"),
            ("mynetworks", "127.0.0.1/8", "non-null host address bits"),
            ("virtual_uid_maps", f"hash:{host.dir}/none",
             f"open database {host.dir}/none.db: No such file")]:
        old = host.config.get(name)
        host.write_config(**{name: value, "mail_owner": "none"
                             if name == "vdeliver_user" else None})
        p = host.command("-t")
        assert p.returncode == 1 and text in p.stderr, p.stderr
        host.write_config(**{name: old, "mail_owner": None})
    assert host.command("-t").returncode == 0


EXPLAINED = {
    "vmailbox": "user@example.com example.com/user/\n"
                "box@example.com box\n"
                "dir@example.com dir\n"
                "shut@example.com shut/m/\n"
                "up@example.com a/../b/\n"
                "low@example.com low/\n",
    "virtual": "# aliases\n"
               "info@example.com user@example.com\n"
               "team@example.com user@example.com, box@example.com\n"
               "ring@example.com ring@example.com\n"
               "dead@example.com nobody@example.com\n"
               "half@example.com user@example.com shut@example.com\n"
               "out@example.com x@outside.example\n",
}


def explained(host, *args, **kw):
    p = host.command("explain", *args, **kw)
    replies = [line.partition(": ")[2] for line in p.stdout.splitlines()
               if line.strip().startswith("reply to ")]
    return p, replies


@pytest.mark.parametrize("soft", ["no", "yes"])
def test_explain_says_what_happens(vdeliver, soft):
    """The replies are those that a client gets."""
    host = vdeliver({"recipient_delimiter": "+", "soft_bounce": soft,
                     "mynetworks": "192.0.2.1",
                     "virtual_uid_maps": "inline:{low@example.com=7, "
                                         "@example.com=5000}"},
                    EXPLAINED).start()
    (host.base / "shut").mkdir(mode=0o700)  # root's
    (host.base / "dir").mkdir()
    host.base.chmod(0o777)
    for name in ["user", "info+tag", "team", "box", "dir", "shut", "half",
                 "ring", "dead", "nobody", "up", "low", "out"]:
        rcpt = f"{name}@example.com"
        p, said = explained(host, rcpt)
        with Client(host.where) as c:
            c.say("EHLO client.example")
            c.say("MAIL FROM:<>")
            got = c.say(f"RCPT TO:<{rcpt}>")
            assert said[0] == got.strip(), p.stdout
            if got.startswith("250"):
                c.say("DATA")
                got = c.say("Subject: x\r\n\r\nx\r\n.")
                # What is only seen while it is tried has another file name.
                assert said[1][:9] == got[:9], p.stdout
            assert (p.returncode == 0) == got.startswith("250")
    assert not list((host.base / "shut").iterdir())


def test_explain_names_the_table(vdeliver):
    host = vdeliver({"recipient_delimiter": "+"}, EXPLAINED)
    p, replies = explained(host, "info+tag@example.com", "Some <s@x.example>")
    for text in [
            "Return-Path: <s@x.example>",
            "class of info+tag@example.com: mailbox",
            'extension: "+tag"',
            f'virtual_alias_maps: hash:{host.dir}/virtual, line 2: '
            '"info@example.com" is "user@example.com"',
            "alias: info+tag@example.com goes to user+tag@example.com",
            f"virtual_mailbox_maps: hash:{host.dir}/vmailbox, line 1: ",
            "mailbox: uid 5000, gid 5000",
            f"mailbox {host.base}/example.com/user/ (Maildir), as uid 5000"]:
        assert text in p.stdout, p.stdout
    assert replies == ["250 2.1.0 Ok", "250 2.1.5 Ok", "250 2.0.0 Ok"]
    # Nothing was made.
    assert not list(host.base.iterdir())


def test_explain_who_asks(vdeliver):
    p, replies = explained(vdeliver(), "x@outside.example")
    assert replies[0].startswith("454 4.7.1 ")
    assert replies[1].startswith("451 4.3.5 ")
    assert p.returncode == 1


def test_explain_bad_addresses(vdeliver):
    host = vdeliver()
    assert explained(host, "a b@c")[1][0].startswith("501 5.1.3 ")
    assert explained(host, "user@example.com", "a b@c")[1][0].startswith(
        "501 5.1.7 ")
    assert host.command("explain").returncode == 64


def test_explain_without_root(vdeliver):
    """Other people's mailboxes cannot be tried, and it says so."""
    host = vdeliver(maps=EXPLAINED)
    p, replies = explained(host, "user@example.com", user=65534, group=65534)
    assert "not tried: only root can become uid 5000" in p.stdout
    assert replies[-1] == "250 2.0.0 Ok, as far as could be tried"
    p, replies = explained(host, "user@example.com", user=5000, group=5000)
    assert "would be made in virtual_mailbox_base" in p.stdout
    assert replies[-1] == "250 2.0.0 Ok"


def test_check(vdeliver):
    """What a new host has is good; each mistake is in tests/unit/test_check."""
    host = vdeliver()
    p = host.command("check")
    assert p.returncode == 0
    assert p.stdout.startswith("note: no link leads out of ")
    assert p.stdout.endswith("\nnothing wrong was found\n")
    host.write_config(mydestination="example.com")
    p = host.command("check")
    assert p.returncode == 1
    assert "wrong: do not list domain example.com in BOTH" in p.stdout
    host.write_config(mydestination=None)
    conf = host.top / "dovecot.conf"
    conf.write_text("mail_location = maildir:/srv/%u\n")
    p = host.command("check", "--dovecot", str(conf))
    assert p.returncode == 1 and "looks in maildir:/srv/virtualuser" in p.stdout
    assert host.command("-t", "--dovecot", str(conf)).returncode == 64
