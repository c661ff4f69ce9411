"""What lies in Maildirs."""

import os
import re
import stat

# seconds.V<dev>I<inode>M<usec>.<host>
NAME = re.compile(r"\d{10}\.V[0-9a-f]+I[0-9a-f]+M\d{1,6}\.fetchhost"
                  r"(\.test\.example)?")


def new(path):
    """The messages in new/, in order of arrival."""
    try:
        names = sorted(os.listdir(path / "new"), key=_order)
    except FileNotFoundError:
        return []
    return [(path / "new" / n).read_bytes() for n in names]


def _order(name):
    m = re.match(r"(\d+)\.V[0-9a-f]+I[0-9a-f]+M(\d+)\.", name)
    return (int(m[1]), int(m[2])) if m else (0, 0)


def check(path, uid=5000, gid=5000, base=None):
    """Owners, modes and names; nothing may be left in tmp/."""
    dirs = [path] + [path / d for d in ("cur", "new", "tmp")]
    top = path
    while base is not None and top.parent != base:
        top = top.parent
        dirs.append(top)
    for d in dirs:
        st = os.stat(d)
        assert (st.st_uid, st.st_gid) == (uid, gid), d
        assert stat.S_IMODE(st.st_mode) == 0o700, d
    assert not os.listdir(path / "tmp")
    for name in os.listdir(path / "new"):
        assert NAME.fullmatch(name), name
        st = os.stat(path / "new" / name)
        assert (st.st_uid, st.st_gid) == (uid, gid), name
        assert stat.S_IMODE(st.st_mode) == 0o600, name
        assert st.st_nlink == 1, name
        assert f"V{st.st_dev:x}I{st.st_ino:x}M" in name


def head(message):
    """The header's fields, in order: [(name, unfolded value)]."""
    fields = []
    for line in message.partition(b"\n\n")[0].decode("latin-1").split("\n"):
        if line[:1] in " \t" and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + "\n" + line)
        else:
            name, _, value = line.partition(": ")
            fields.append((name, value))
    return fields
