"""What vdeliver tells without delivering: -n, -d, -x and -t."""

import pytest

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
