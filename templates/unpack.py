"""Unpacks bootstrap.sh once; afterwards it may be replaced by a newer one. This line does not travel."""

import lzma
import os

to = "/opt/meshstrap/bootstrap.sh"
packed = to + ".xz.b94"
if os.path.exists(packed):
    with open(packed, "rb") as text, open(to + ".new", "wb") as new:
        line = text.read().strip()
        rows = (line[start : start + 11] for start in range(0, len(line), 11))
        data = b"".join(sum((c - 33) * 94**i for i, c in enumerate(row)).to_bytes(9, "little") for row in rows)
        new.write(lzma.decompress(data.rstrip(b"\0")))
        new.flush()
        os.fsync(new)
    os.chmod(new.name, 0o755)
    os.replace(new.name, to)
    os.remove(packed)
