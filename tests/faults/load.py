"""Clients that send at the same time, and write down what was answered when."""

import random
import threading

from lib.mail import stamped
from lib.smtp import Client

SIZES = (300, 300, 5000, 100000)


class Load:
    """threads clients on where, every other one by LMTP on lmtp, send messages
    each to a few of boxes. acked: [(moment of the answer, number, address)]."""

    def __init__(self, where, lmtp, boxes, moment, seed):
        self.where, self.lmtp, self.moment = where, lmtp, moment
        self.boxes, self.seed = sorted(boxes), seed
        self.acked, self.refused, self.number = [], [], 0
        self._lock = threading.Lock()

    def run(self, threads, messages):
        running = [threading.Thread(target=self._client, args=(i, messages))
                   for i in range(threads)]
        for t in running:
            t.start()
        for t in running:
            t.join()
        return self

    def _next(self):
        with self._lock:
            self.number += 1
            return str(self.number)

    def _client(self, me, messages):
        rng = random.Random(self.seed * 100 + me)
        lmtp = self.where is None or (self.lmtp is not None and me % 2 == 1)
        hello = "LHLO client.example" if lmtp else "EHLO client.example"
        with Client(self.lmtp if lmtp else self.where, 60) as c:
            for _ in range(messages):
                self._send(c, lmtp, hello, rng)
                hello = None

    def _send(self, c, lmtp, hello, rng):
        number, to = self._next(), rng.sample(self.boxes, rng.choice((1, 1, 3)))
        answer = c.transaction("s@remote.example", to,
                               stamped(number, rng.choice(SIZES)), hello)
        for i, address in enumerate(to):
            if lmtp and i > 0:
                answer = c.reply()
            if answer.startswith("250"):
                self.acked.append((self.moment(), number, address))
            else:
                self.refused.append(answer)
