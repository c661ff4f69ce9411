"""Run the tests of faults; the last line is "N passed, N failed".

usage: main.py [WORD]...    only those whose name has one of the words
"""

import os
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import kills  # noqa: E402
import power_cut  # noqa: E402
import stores  # noqa: E402
import trouble  # noqa: E402
from disk import MKFS  # noqa: E402

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED") or int.from_bytes(os.urandom(3), "big"))


def tests():
    """[(name, function, arguments)]; each gets a directory of its own first."""
    out = [(f"power cut, a server that {m}" if i else
            "power cut, a small server without mistakes",
            power_cut.find_mistake, (m,))
           for i, m in enumerate(power_cut.MISTAKES)]
    for kind in MKFS if LONG else ["ext4"]:
        for sync in ("auto", "fsync", "syncfs") if LONG else ("auto",):
            out.append((f"power cut, vdeliver on {kind}, sync {sync}",
                        power_cut.survive,
                        (kind, sync, 300 if LONG else 50, SEED)))
    for kind in ("worker", "front", "router"):
        out.append((f"kill, a {kind} at each call", kills.both,
                    (f"vd-{kind}", 1 if LONG else 7)))
    out += [("calls that fail", trouble.inject, (1 if LONG else 7,)),
            ("short and interrupted writes", trouble.short_writes, ()),
            ("disk full", trouble.disk_full, ()),
            ("no inodes left", trouble.inodes_gone, ()),
            ("no hard links", stores.no_links, (False,)),
            ("no hard links, RENAME_NOREPLACE", stores.no_links, (True,)),
            ("a qgroup of Btrfs that is full", stores.qgroup, (False,)),
            ("the same, deferred", stores.qgroup, (True,))]
    return out


def run(number, name, function, arguments):
    began = time.monotonic()
    try:
        said, ok = function(Path(f"/run/t{number}"), *arguments), True
    except Exception as e:
        if not isinstance(e, AssertionError) or not str(e):
            traceback.print_exc(file=sys.stdout)
        said, ok = f"{type(e).__name__}: {e}", False
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {said} "
          f"({time.monotonic() - began:.1f} s)", flush=True)
    return ok


def main(words):
    print(f"seed {SEED}")
    chosen = [t for t in tests()
              if not words or any(w in t[0] for w in words)]
    results = [run(i, *t) for i, t in enumerate(chosen)]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if results and all(results) else 1


sys.exit(main(sys.argv[1:]))
