"""Compression that gives the same bytes for the same text: no time, no name, no operating system in it."""

from __future__ import annotations

import lzma
import struct
import zlib

# Magic, deflate, no flags, time 0, slowest compression, operating system unknown (RFC 1952).
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_SMALLEST = 9

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


def gzip_bytes(data: bytes) -> bytes:
    """One gzip member, for cloud-init, which unpacks nothing else."""
    compressor = zlib.compressobj(_SMALLEST, zlib.DEFLATED, -zlib.MAX_WBITS, _SMALLEST)
    body = compressor.compress(data) + compressor.flush()
    return _HEADER + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def xz_bytes(data: bytes) -> bytes:
    """One xz stream with a CRC32. Streams behind each other are one file to every reader (xz file format, 2)."""
    return lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=[_TEXT_FILTER])
