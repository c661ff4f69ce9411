"""A small LMTP proxy, as spam filters are: it takes a message, puts a field
on top, hands it on, and passes the answers for each recipient back."""

import re

from .lines import Drop, LineServer
from .smtp import Client


class LmtpProxy(LineServer):
    def __init__(self, behind, **where):
        self.behind, self.passed = behind, 0
        super().__init__(**where)

    def talk(self, line):
        line.send("220 proxy.test.example LMTP")
        with Client(self.behind) as c:
            while True:
                text = line.read().decode("latin-1")
                verb = text.split(" ")[0].upper()
                if verb == "LHLO":
                    c.say(text)
                    line.send("250-proxy\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                              "250-DSN\r\n250 ENHANCEDSTATUSCODES")
                elif verb == "DATA":
                    self._data(line, c)
                elif verb == "QUIT":
                    line.send("221 2.0.0 Bye")
                    raise Drop
                else:
                    answer = c.say(text)
                    if verb == "RCPT" and answer.startswith("2"):
                        self.accepted += 1
                    elif verb == "MAIL":
                        self.accepted = 0
                    line.send(answer)

    def _data(self, line, c):
        line.send("354 go on")
        octets = [b"X-Filtered: yes\n"]
        while (text := line.read()) != b".":
            octets.append(re.sub(rb"^\.", b"", text) + b"\n")
        assert c.say("DATA").startswith("354 ")
        c.body(b"".join(octets))
        for _ in range(self.accepted):
            line.send(c.reply())
        self.passed += 1
