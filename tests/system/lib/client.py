"""A scripted SMTP or LMTP client: says a thing, reads the whole reply."""

import socket
import ssl


class Client:
    def __init__(self, where, tls=False, **kw):
        self.sock = socket.create_connection(where, 10)
        self.sock.settimeout(10)
        self.left = b""
        if tls:
            self.start_tls(**kw)
        self.greeting = self.reply()

    def start_tls(self, maximum=None, ciphers=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if maximum:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.maximum_version = maximum
        if ciphers:
            context.set_ciphers(ciphers)
        self.left = b""
        self.sock = context.wrap_socket(self.sock)

    def send(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def line(self):
        """A line without its end; "" at the end of the connection."""
        while b"\r\n" not in self.left:
            try:
                some = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLError):
                some = b""
            if not some:
                return ""
            self.left += some
        line, _, self.left = self.left.partition(b"\r\n")
        return line.decode()

    def reply(self):
        """All lines of a reply, as a list; [] at the end."""
        lines = []
        while line := self.line():
            lines.append(line)
            if line[3:4] != "-":
                break
        return lines

    def say(self, text):
        """Send a line (or bytes as they are); the reply's last line."""
        self.send(text if isinstance(text, bytes) else text + "\r\n")
        return (self.reply() or [""])[-1]

    def ehlo(self, verb="EHLO"):
        """The keywords."""
        self.send(f"{verb} client.test\r\n")
        return [x[4:] for x in self.reply()][1:]

    def close(self):
        self.sock.close()
