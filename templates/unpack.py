"""Unpacks bootstrap.sh, once; afterwards bootstrap.sh may be replaced by a newer one."""

import base64
import lzma
import os
import pathlib

packed = pathlib.Path("/opt/meshstrap/bootstrap.sh.xz.b85")
if packed.exists():
    script = packed.with_name("bootstrap.sh.new")
    with script.open("wb") as file:
        file.write(lzma.decompress(base64.b85decode(packed.read_text().strip())))
        file.flush()
        os.fsync(file.fileno())
    script.chmod(0o755)
    script.rename(packed.with_name("bootstrap.sh"))
    packed.unlink()
