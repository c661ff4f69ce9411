"""What clients cost that only wait."""

import re
from pathlib import Path

import pytest

from lib.client import Client

CLIENTS = 400


def _pss(host):
    """Of all processes, in octets."""
    total = 0
    for pid in host.pids():
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
    return total * 1024


@pytest.mark.ours
def test_memory_of_idle_clients(vdeliver):
    host = vdeliver({"default_process_limit": "1000",
                     "smtpd_client_connection_count_limit": "0"}).start()
    clients = []
    before = _pss(host)
    assert before < 11 << 20
    try:
        for _ in range(CLIENTS):
            clients.append(Client(host.where))
            clients[-1].ehlo()
        each = (_pss(host) - before) / CLIENTS
        # 5,000 of them within 64 MB, the processes at rest included.
        assert each < (64 << 20) / 5000 - 1000, each
    finally:
        for c in clients:
            c.close()
