"""A POP3 server that does what a test says."""

import threading

from .lines import Drop, LineServer


class Pop3Server(LineServer):
    """One mailbox. answers: {verb: text or callable}, tried first.

    messages are octets with CRLF line ends. A callable gets (line, argument)
    and returns the answer, None for the usual one, or raises Drop. seen holds
    every command, deletions only become real at QUIT.
    """

    def __init__(self, user="user", password="secret", messages=(),
                 answers=None, tls=None, **where):
        self.user, self.password = user, password
        self.messages = list(messages)
        self.answers, self.tls = dict(answers or {}), tls
        self.seen, self.sessions = [], 0
        self.lock = threading.Lock()
        super().__init__(**where)

    def _capa(self):
        yield "+OK"
        yield from ("USER", "UIDL", "TOP")
        if self.tls is not None:
            yield "STLS"
        yield "."

    @staticmethod
    def _stuffed(octets):
        lines = octets.split(b"\r\n")
        if lines and lines[-1] == b"":
            lines.pop()
        return b"".join((b"." if x.startswith(b".") else b"") + x + b"\r\n"
                        for x in lines) + b"."

    def _usual(self, line, verb, arg, state):
        box = state["box"]
        if verb == "CAPA":
            return list(self._capa())
        if verb == "STLS" and self.tls is not None:
            line.send("+OK")
            line.start_tls(self.tls)
            return []
        if verb == "USER":
            state["user"] = arg
            return "+OK"
        if verb == "PASS":
            good = (state.get("user"), arg) == (self.user, self.password)
            return "+OK" if good else "-ERR wrong"
        if verb == "STAT":
            left = [m for m in box.values()]
            return f"+OK {len(left)} {sum(map(len, left))}"
        if verb in ("LIST", "UIDL"):
            value = ((lambda i: len(box[i])) if verb == "LIST"
                     else (lambda i: f"uid{hash(box[i]) & 0xffffffff:08x}"))
            if arg:
                return f"+OK {arg} {value(int(arg))}"
            return ["+OK", *(f"{i} {value(i)}" for i in box), "."]
        if verb in ("RETR", "TOP"):
            return ["+OK", self._stuffed(box[int(arg.split()[0])])]
        if verb == "DELE":
            state["gone"].add(int(arg))
            return "+OK"
        if verb in ("NOOP", "RSET"):
            return "+OK"
        if verb == "QUIT":
            with self.lock:
                for i in state["gone"]:
                    self.messages.remove(state["box"][i])
            line.send("+OK")
            raise Drop
        return "-ERR unknown"

    def talk(self, line):
        self.sessions += 1
        state = {"box": dict(enumerate(self.messages, 1)), "gone": set()}
        greeting = self.answers.get("greeting", "+OK ready")
        line.send(greeting() if callable(greeting) else greeting)
        while True:
            text = line.read().decode("latin-1")
            self.seen.append(text)
            verb, _, arg = text.partition(" ")
            verb = verb.upper()
            answer = self.answers.get(verb)
            if callable(answer):
                answer = answer(line, arg)
            if answer is None:
                answer = self._usual(line, verb, arg, state)
            line.send(*([answer] if isinstance(answer, (str, bytes))
                        else answer))
