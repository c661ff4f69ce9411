"""A running vdeliver notices that a table was compiled again."""

import time

import pytest

from lib.daemon import VMAILBOX
from lib.mail import message
from lib.smtp import Client, send

NEW = "newcomer@example.com"


def test_at_the_next_message(vdeliver):
    host = vdeliver().start()
    assert send(host.where, "s@remote.example", NEW,
                message(1)).startswith("550 5.1.1 ")
    host.table("vmailbox", VMAILBOX + f"{NEW} example.com/newcomer/\n")
    assert send(host.where, "s@remote.example", NEW,
                message(2)).startswith("250 "), host.log()


@pytest.mark.ours
def test_at_the_next_message_of_the_same_session(vdeliver):
    host = vdeliver().start()
    with Client(host.where) as c:
        for i in range(10):  # several within one second
            address = f"newcomer{i}@example.com"
            assert c.transaction("s@remote.example", [address], message(i),
                                 "RSET" if i else "EHLO client.example"
                                 ).startswith("550 5.1.1 ")
            host.table("vmailbox",
                       VMAILBOX + f"{address} example.com/newcomer{i}/\n")
            assert c.transaction("s@remote.example", [address], message(i),
                                 "RSET").startswith("250 ")
            assert len(host.new(f"newcomer{i}")) == 1


@pytest.mark.ours
def test_a_user_that_is_gone(vdeliver):
    host = vdeliver().start()
    to = "virtualuser2@example.com"
    assert send(host.where, "s@remote.example", to,
                message(1)).startswith("250 ")
    host.table("vmailbox", VMAILBOX.replace("virtualuser2", "somebody"))
    assert send(host.where, "s@remote.example", to,
                message(2)).startswith("550 5.1.1 ")


@pytest.mark.ours
def test_a_table_that_appears(vdeliver):
    host = vdeliver({"virtual_alias_maps": None})
    (host.dir / "vmailbox.db").unlink()
    host.start()
    to = "virtualuser1@example.com"
    assert send(host.where, "s@remote.example", to,
                message(1)).startswith("451 4.3.0 ")
    host.table("vmailbox", VMAILBOX)
    assert send(host.where, "s@remote.example", to,
                message(2)).startswith("250 ")


@pytest.mark.ours
def test_answers_that_are_kept(vdeliver):
    """Long after the tables were opened, answers are not read again; a table
    that changes is still seen at the next message."""
    host = vdeliver().start()
    to = "virtualuser2@example.com"
    time.sleep(3)
    with Client(host.where) as c:
        c.transaction("s@remote.example", [to], message(1), "EHLO x")
        for i in range(3):
            assert c.transaction("s@remote.example", [to], message(i),
                                 "RSET").startswith("250 ")
            host.table("vmailbox", VMAILBOX.replace("virtualuser2", "none"))
            assert c.transaction("s@remote.example", [to], message(i),
                                 "RSET").startswith("550 5.1.1 ")
            host.table("vmailbox", VMAILBOX)
