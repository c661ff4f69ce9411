"""Messages to send, and what has to lie in the mailbox then."""

import hashlib
import re

DATE = (r"[A-Z][a-z]{2}, [ \d]\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d "
        r"[+-]\d{4} \([A-Z]+\)")

# What fetchmail puts in.
FETCHED = re.compile(
    rb"Received: from (?P<host>\S+)(?: \[(?P<ip>\S+)\])?\n"
    rb"\tby (?P<by>\S+) with POP3 \(fetchmail-\S+\)\n"
    rb"\tfor <(?P<rcpt>\S+)> \(single-drop\); " + DATE.encode() + rb"\n")


def message(number, body=b"Hello.\n", sender="friend@remote.example",
            to="someone@example.com", extra=b""):
    """A complete message, octets with LF line ends."""
    return (f"Return-Path: <{sender}>\n"
            f"Received: from far.example by near.example; "
            f"Mon, 23 Nov 2026 10:00:00 +0000\n"
            f"From: A Friend <{sender}>\n"
            f"To: {to}\n"
            f"Subject: number {number}\n"
            f"Date: Mon, 23 Nov 2026 10:00:00 +0000\n"
            f"Message-ID: <{number}@remote.example>\n"
            ).encode() + extra + b"\n" + body


# Bodies that have broken mail programs: {name: octets}.
BODIES = {
    "plain": b"Hello.\n",
    "dots": b".\n..\n.dot\nx.\n",
    "from": b"From here on\n>From there\nFrom: no header\n",
    "8bit": b"Gr\xfc\xdfe \xe2\x82\xac\xff\x80\n",
    "long": b"x" * 7000 + b"\nend\n",
    "empty": b"",
    "blank": b"\n\n\n",
    "tabs": b"\ttab\n  blanks  \n \n",
}


def stamped(number, size=600):
    """A message that can be told to be whole; see whole()."""
    filler = (f"line of message {number}\n" * (size // 20)).encode()
    digest = hashlib.sha256(filler).hexdigest()
    return (f"From: <s@remote.example>\nDate: Mon, 23 Nov 2026 10:00:00 +0000"
            f"\nMessage-ID: <stamp-{number}@remote.example>\n"
            f"X-Number: {number}\nX-Digest: {digest}\n\n").encode() + filler


def whole(stored):
    """The number of a stamped message, or None when it is damaged."""
    head, _, body = stored.partition(b"\n\n")
    number = re.search(rb"^X-Number: (\S+)$", head, re.M)
    digest = re.search(rb"^X-Digest: (\S+)$", head, re.M)
    if not number or not digest or \
            hashlib.sha256(body).hexdigest().encode() != digest[1]:
        return None
    return number[1].decode()


def unstack(stored):
    """Split a stored message: ({first fields}, rest).

    The fields are Return-Path, X-Original-To, Delivered-To and our Received,
    which have to stand in this order, and nothing else before the rest.
    """
    m = re.match(
        rb"Return-Path: (?P<Return_Path>.*)\n"
        rb"X-Original-To: (?P<X_Original_To>.*)\n"
        rb"Delivered-To: (?P<Delivered_To>.*)\n"
        rb"Received: (?P<Received>.*\n(?:\t.*\n)+)", stored)
    assert m, stored[:400]
    return ({k: v.decode() for k, v in m.groupdict().items()},
            stored[m.end():])


def fetched(stored):
    """Take fetchmail's Received line out: (its parts, the rest)."""
    m = FETCHED.search(stored)
    assert m, stored[:800]
    return ({k: (v or b"").decode() for k, v in m.groupdict().items()},
            stored[:m.start()] + stored[m.end():])
