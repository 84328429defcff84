"""Unpacks bootstrap.sh and its unit once; afterwards they may be replaced by newer ones. This line does not travel."""

import lzma
import os

to = "/opt/meshstrap/bootstrap.sh"
packed = to + ".xz.b94"
if os.path.exists(packed):
    with open(packed, "rb") as text:
        line = text.read().strip()
    rows = (line[start : start + 11] for start in range(0, len(line), 11))
    data = b"".join(sum((c - 33) * 94**i for i, c in enumerate(row)).to_bytes(9, "little") for row in rows)
    for part in lzma.decompress(data.rstrip(b"\0")).split(b"\0"):
        with open(to + ".new", "wb", 0) as new:
            new.write(part)
            os.fsync(new)
        os.chmod(new.name, 0o755)
        os.replace(new.name, to)
        to = "/etc/systemd/system/meshstrap.service"
    os.chmod(to, 0o644)
    os.remove(packed)
