"""Compression of texts: the same bytes for the same text."""

from __future__ import annotations

import base64
import gzip
import lzma
import zlib

# Text: three bits of the byte before say most about the next, and nothing is aligned. The dictionary holds a whole
# script; a larger one only costs time. Measured with the example's scripts: lc 4 and nice_len 273, the preset's, make
# them half a percent larger.
_TEXT_FILTER = {
    "id": lzma.FILTER_LZMA2,
    "preset": 9 | lzma.PRESET_EXTREME,
    "dict_size": 1 << 17,
    "lc": 3,
    "lp": 0,
    "pb": 0,
    "nice_len": 128,
}


def gzip_bytes(text: str) -> bytes:
    """For cloud-init, which unpacks nothing else."""
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def base94_text(data: bytes) -> str:
    """Nine bytes as eleven of ASCII's 94 visible characters: 94**11 > 2**72, and base85 takes 2 % more.

    The last nine are filled up with zeros, and xz ends with none.
    """
    numbers = (int.from_bytes(data[start : start + 9], "little") for start in range(0, len(data), 9))
    return "".join(chr(33 + number // 94**place % 94) for number in numbers for place in range(11))


def packed_program(source: str) -> str:
    """A Python program that does what ``source`` says, in base85, which has neither quotes nor backslashes."""
    packed = base64.b85encode(zlib.compress(source.encode(), 9)).decode("ascii")
    return f'import base64,zlib\nexec(zlib.decompress(base64.b85decode("{packed}")))\n'


def xz_bytes(text: str) -> bytes:
    """One xz stream with a CRC32."""
    return lzma.compress(text.encode(), format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=[_TEXT_FILTER])
