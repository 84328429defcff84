"""Unpacks bootstrap.sh and its unit from the comment in its last line, and is gone. This line does not travel."""

import lzma
import os
from pathlib import Path

n = 0
for c in Path(__file__).read_bytes().splitlines()[-1][1:]:
    n = n * 94 + c - 33
# The first byte of LZMA is a small one: the number ends in the middle of it.
words, *texts = lzma.decompress(n.to_bytes(n.bit_length() // 8 + 1, "big")).decode("latin1").split("\0")
for path in "/etc/systemd/system/meshstrap.service", "/opt/meshstrap/bootstrap.sh":
    # A bash that still runs the script of an older plan goes on in that one's file.
    new = Path(path + "~")
    new.write_text(texts.pop().translate(dict(enumerate(words.split("\n"), 128))), "latin1")
    new.replace(path)
os.chmod(path, 0o755)
os.sync()
os.remove(__file__)
