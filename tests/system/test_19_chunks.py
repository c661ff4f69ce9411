"""BDAT, against ours and the original."""

import pytest

from lib.client import Client
from lib.waiting import until

MAIL = "MAIL FROM:<a@b.test>\r\nRCPT TO:<virtualuser0@example.com>\r\n"

# What is sent after EHLO, and the codes of the replies.
ROWS = {
    "two": (b"BDAT 14\r\nSubject: x\r\n\r\nBDAT 10 LAST\r\nhi\n..\n.\r\nx",
            "250 250 250 250"),
    "late recipient": (b"BDAT 4\r\na:b\nRCPT TO:<x@example.com>\r\nRSET\r\n",
                       "250 250 250 503 250"),
    "nothing": (b"BDAT 0\r\nBDAT 2 LAST\r\nxx", "250 250 551 551"),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("kind", ["vdeliver", "real_postfix"])
def test_replies(request, closing, kind, name):
    p = request.getfixturevalue(kind)().start()
    c = closing(Client(p.where))
    assert "CHUNKING" in c.ehlo()
    text, codes = ROWS[name]
    c.send(MAIL.encode() + text)
    assert [c.reply()[-1][:3] for _ in codes.split()] == codes.split()
    if name != "two":
        return
    mail, = until(lambda: p.new("test0"), "the message")
    # A missing newline is added, and no dot is special.
    assert mail.endswith(b"Subject: x\nMessage-Id: "
                         + mail.split(b"Message-Id: ")[1])
    assert mail.endswith(b"\n\nhi\n..\n.\nx\n")


def test_big_and_split(vdeliver, closing):
    """2 MB in chunks of any size, which arrive in pieces of any size."""
    p = vdeliver().start()
    c = closing(Client(p.where))
    c.ehlo()
    body = b"".join(b"%06d %s\r\n" % (i, b"z" * (i % 90))
                    for i in range(40000))
    c.send(MAIL)
    c.reply(), c.reply()
    text, at, n = b"Subject: big\r\n\r\n" + body, 0, 1
    while at < len(text):
        part = text[at:at + n]
        at, n = at + len(part), n * 3
        last = b" LAST" if at >= len(text) else b""
        assert c.say(b"BDAT %d%s\r\n%s" % (len(part), last, part))[:3] == \
            "250"
    mail, = p.new("test0")
    assert mail.endswith(b"\n\n" + body.replace(b"\r\n", b"\n"))
