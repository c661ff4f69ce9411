"""A TCP server that speaks in lines; one thread a connection."""

import socket
import socketserver
import threading


class Drop(Exception):
    """Raised by a script: hang up now."""


class Line:
    """One connection, seen from the server."""

    def __init__(self, sock):
        self.sock = sock
        self._file = sock.makefile("rb")

    def read(self):
        """The next line without its end; hangs up at the end of input."""
        line = self._file.readline()
        if not line:
            raise Drop
        return line.rstrip(b"\r\n")

    def send(self, *lines):
        self.sock.sendall(b"".join(
            (x if isinstance(x, bytes) else x.encode()) + b"\r\n"
            for x in lines))

    def raw(self, octets):
        self.sock.sendall(octets)

    def start_tls(self, context):
        self._file.close()
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self._file = self.sock.makefile("rb")


class LineServer:
    """Subclasses write talk(line), straight down. Port 0: any."""

    def __init__(self, host="127.0.0.1", port=0):
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                line = Line(self.request)
                try:
                    outer.talk(line)
                except (Drop, OSError):
                    pass
                finally:
                    try:
                        line.sock.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
                    line.sock.close()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64
            address_family = (socket.AF_INET6 if ":" in host
                              else socket.AF_INET)

        self._server = Server((host, port), Handler)
        self.host, self.port = host, self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def talk(self, line):
        raise NotImplementedError

    def close(self):
        self._server.shutdown()
        self._server.server_close()
