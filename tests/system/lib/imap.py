"""An IMAP server that does what a test says."""

import threading

from .lines import Drop, LineServer


class ImapServer(LineServer):
    """One mailbox. answers: {verb: text or callable}, tried first; "{tag}" in
    a text is the command's.

    messages are octets with CRLF line ends, flags a set for each. A callable
    gets (line, tag, argument) and returns the answer, None for the usual one,
    or raises Drop. seen holds the commands without their tags.
    """

    CAPA = "IMAP4rev1 UIDPLUS IDLE"

    def __init__(self, user="user", password="secret", messages=(),
                 answers=None, tls=None, capa=CAPA, **where):
        self.user, self.password, self.capa = user, password, capa
        self.box = [[uid, text, set()] for uid, text in enumerate(messages, 1)]
        self.answers, self.tls = dict(answers or {}), tls
        self.seen, self.sessions = [], 0
        self.more = threading.Event()
        super().__init__(**where)

    @property
    def messages(self):
        return [text for _, text, _ in self.box]

    def add(self, text):
        """Deliver one; who is in IDLE hears of it."""
        self.box.append([max([u for u, _, _ in self.box] or [0]) + 1, text,
                         set()])
        self.more.set()

    def _numbers(self, spec):
        for part in spec.split(","):
            low, _, high = part.partition(":")
            yield from range(int(low), int(high or low) + 1)

    def _chosen(self, spec, uid):
        want = set(self._numbers(spec))
        return [(i, m) for i, m in enumerate(self.box, 1)
                if (m[0] if uid else i) in want]

    def _fetch(self, line, arg, uid):
        spec, _, what = arg.partition(" ")
        for i, (u, text, flags) in self._chosen(spec, uid):
            head, _, body = text.partition(b"\r\n\r\n")
            if "SIZE" in what:
                line.send(f"* {i} FETCH (UID {u} RFC822.SIZE {len(text)})")
            elif "HEADER" in what and "TEXT" in what:
                line.raw(self.both(i, u, head + b"\r\n\r\n", body))
            elif "HEADER" in what:
                self._literal(line, i, u, "RFC822.HEADER", head + b"\r\n\r\n")
            elif "TEXT" in what:
                self._literal(line, i, u, "BODY[TEXT]", body)
            else:
                line.send(f"* {i} FETCH (FLAGS ({' '.join(flags)}))")

    @staticmethod
    def both(i, uid, head, body):
        return (b"* %d FETCH (UID %d RFC822.HEADER {%d}\r\n%b BODY[TEXT] "
                b"{%d}\r\n%b)\r\n" % (i, uid, len(head), head, len(body),
                                       body))

    @staticmethod
    def _literal(line, i, uid, name, octets):
        line.raw(f"* {i} FETCH (UID {uid} {name} {{{len(octets)}}}\r\n"
                 .encode() + octets + b")\r\n")

    def _expunge(self, line, spec=None):
        want = set(self._numbers(spec)) if spec else None
        for i in range(len(self.box), 0, -1):
            uid, _, flags = self.box[i - 1]
            if "\\Deleted" in flags and (want is None or uid in want):
                del self.box[i - 1]
                line.send(f"* {i} EXPUNGE")

    def _idle(self, line, tag):
        line.send("+ idling")
        self.more.wait(20)
        self.more.clear()
        line.send(f"* {len(self.box)} EXISTS")
        line.read()

    def _usual(self, line, tag, verb, arg):
        if verb == "CAPABILITY":
            line.send(f"* CAPABILITY {self.capa}"
                      + (" STARTTLS" if self.tls else ""))
        elif verb == "STARTTLS" and self.tls:
            line.send(f"{tag} OK")
            line.start_tls(self.tls)
            return []
        elif verb == "LOGIN":
            if arg != f'"{self.user}" "{self.password}"':
                return f"{tag} NO wrong"
        elif verb in ("SELECT", "EXAMINE"):
            line.send(f"* {len(self.box)} EXISTS", "* OK [UIDVALIDITY 7] x")
        elif verb == "SEARCH":
            line.send(" ".join(["* SEARCH"] + [
                str(i) for i, m in enumerate(self.box, 1)
                if "\\Seen" not in m[2]]))
        elif verb in ("FETCH", "UID FETCH"):
            self._fetch(line, arg, verb.startswith("UID"))
        elif verb in ("STORE", "UID STORE"):
            spec, _, flags = arg.partition(" ")
            for _, m in self._chosen(spec, verb != "STORE"):
                m[2].update(flags[flags.index("(") + 1:-1].split())
        elif verb in ("EXPUNGE", "UID EXPUNGE"):
            self._expunge(line, arg)
        elif verb == "IDLE":
            self._idle(line, tag)
        elif verb == "LOGOUT":
            line.send("* BYE", f"{tag} OK")
            raise Drop
        return f"{tag} OK"

    def talk(self, line):
        self.sessions += 1
        greeting = self.answers.get("greeting", "* OK ready")
        line.send(greeting(line) if callable(greeting) else greeting)
        while True:
            tag, _, text = line.read().decode("latin-1").partition(" ")
            self.seen.append(text)
            verb, _, arg = text.partition(" ")
            if verb == "UID":
                word, _, arg = arg.partition(" ")
                verb += " " + word
            answer = self.answers.get(verb)
            if callable(answer):
                answer = answer(line, tag, arg)
            if answer is None:
                answer = self._usual(line, tag, verb, arg)
            line.send(*([answer.replace("{tag}", tag)]
                        if isinstance(answer, str) else answer))
