"""Both ends of SMTP: a sink that does what a test says, and a client."""

import re
import socket

from .lines import Drop, LineServer
from .waiting import until


class SmtpSink(LineServer):
    """answers: {verb or address: reply or callable}; an address means RCPT.

    tls: a context for STARTTLS, or, wrapped, from the first octet.

    "dot" is the answer after the message. messages: dicts with helo, mail,
    rcpt (accepted ones) and data (octets, CRLF, dots removed). A callable may
    raise Drop to hang up. tls: a context, STARTTLS is offered then.
    """

    def __init__(self, answers=None, tls=None, wrapped=False, **where):
        self.answers = dict(answers or {})
        self.tls, self.wrapped = tls, wrapped
        self.messages, self.seen = [], []
        super().__init__(**where)

    def _answer(self, key, usual):
        answer = self.answers.get(key)
        if callable(answer):
            answer = answer()
        return usual if answer is None else answer

    @staticmethod
    def _data(line):
        octets = []
        while True:
            text = line.read()
            if text == b".":
                return b"".join(octets)
            octets.append((text[1:] if text.startswith(b".") else text)
                          + b"\r\n")

    def talk(self, line):
        if self.wrapped:
            line.start_tls(self.tls)
        line.send(self._answer("greeting", "220 sink.test.example ESMTP"))
        helo, mail, rcpt, tls = "", None, [], self.tls
        while True:
            text = line.read().decode("latin-1")
            self.seen.append(text)
            verb = text.split(" ")[0].upper()
            if verb in ("EHLO", "HELO"):
                helo = text[5:]
                offer = "250-STARTTLS\r\n" if tls else ""
                reply = self._answer(verb, "250-sink\r\n250-SIZE 0\r\n" + offer
                                     + "250 ENHANCEDSTATUSCODES"
                                     if verb == "EHLO" else "250 sink")
            elif verb == "STARTTLS" and tls:
                line.send("220 2.0.0 Ready")
                line.start_tls(tls)
                tls = None
                continue
            elif verb == "MAIL":
                mail, rcpt = re.search("<(.*?)>", text)[1], []
                reply = self._answer("MAIL", "250 2.1.0 Ok")
            elif verb == "RCPT":
                address = re.search("<(.*?)>", text)[1]
                reply = self._answer(address,
                                     self._answer("RCPT", "250 2.1.5 Ok"))
                if reply.startswith("2"):
                    rcpt.append(address)
            elif verb == "DATA":
                reply = self._answer("DATA", "354 go on")
                if reply.startswith("3"):
                    line.send(reply)
                    data = self._data(line)
                    reply = self._answer("dot", "250 2.0.0 Ok: queued as SINK")
                    if reply.startswith("2"):
                        self.messages.append(dict(helo=helo, mail=mail,
                                                  rcpt=rcpt, data=data))
            elif verb == "STARTTLS" and self.tls:
                line.send("220 go on")
                line.start_tls(self.tls)
                continue
            elif verb == "QUIT":
                line.send("221 2.0.0 Bye")
                raise Drop
            else:
                reply = self._answer(verb, "250 2.0.0 Ok")
            line.send(reply)

    def wait(self, count, seconds=10):
        until(lambda: len(self.messages) >= count,
              f"{count} messages at the sink", seconds)
        return self.messages


class Client:
    """A dialogue: say("...") sends a line and returns the reply's lines."""

    def __init__(self, where, timeout=30):
        if isinstance(where, str):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(where)
        else:
            self.sock = socket.create_connection(where, timeout)
        self._file = self.sock.makefile("rb")
        self.greeting = self.reply()

    def reply(self):
        lines = []
        while True:
            line = self._file.readline()
            if not line:
                raise ConnectionError(f"hung up after {lines}")
            lines.append(line.decode().rstrip("\r\n"))
            if lines[-1][3:4] != "-":
                return "\n".join(lines)

    def send(self, *lines):
        self.sock.sendall("".join(x + "\r\n" for x in lines).encode())

    def say(self, line):
        self.send(line)
        return self.reply()

    def transaction(self, sender, rcpt, data, helo="EHLO client.example"):
        """Everything up to the dot; the reply to it, or the first refusal."""
        for command in (helo, f"MAIL FROM:<{sender}>",
                        *(f"RCPT TO:<{r}>" for r in rcpt), "DATA"):
            if command is None:
                continue
            answer = self.say(command)
            if answer[0] not in "23":
                return answer
        self.body(data)
        return self.reply()

    def body(self, data):
        """data: octets with LF; goes out with CRLF, dots and the end."""
        for x in data.split(b"\n")[:-1 if data.endswith(b"\n") else None]:
            self.sock.sendall((b"." if x.startswith(b".") else b"") + x
                              + b"\r\n")
        self.sock.sendall(b".\r\n")

    def close(self):
        self._file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()


def send(where, sender, rcpt, data, lmtp=False):
    """One message over its own connection; the last reply."""
    rcpt = [rcpt] if isinstance(rcpt, str) else rcpt
    with Client(where) as c:
        answer = c.transaction(sender, rcpt, data, "LHLO client.example"
                               if lmtp else "EHLO client.example")
        c.say("QUIT")
        return answer
