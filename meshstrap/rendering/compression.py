"""Compression of texts: the same bytes for the same text."""

from __future__ import annotations

import base64
import gzip
import heapq
import lzma
import math
import re
import zlib
from collections import Counter

# Text: three bits of the byte before say most about the next, and nothing is aligned. The dictionary holds a whole
# script; a larger one only costs time. Measured with the example's scripts: lc 4 and nice_len 273, the preset's, make
# them half a percent larger.
_TEXT_FILTER = {
    "id": lzma.FILTER_LZMA1,
    "preset": 9 | lzma.PRESET_EXTREME,
    "dict_size": 1 << 17,
    "lc": 3,
    "lp": 0,
    "pb": 0,
    "nice_len": 128,
}

# What a byte may stand for: words, the signs that bash repeats the most, and bytes that are no ASCII, which have to.
_WORD = re.compile(r"[A-Za-z]{3,}|\(\) \{|\[\[ |\]\] \|\|| == |[\x80-\xff]")
_FREE_BYTES = 128
_DIGITS_AT_ONCE = 16


def gzip_bytes(text: str) -> bytes:
    """For cloud-init, which unpacks nothing else."""
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def packed_texts(*texts: str) -> bytes:
    """Texts as one LZMA stream with an end mark: their commonest words, a line each, then they with a byte for each.

    LZMA says in some 13 bits where a word stood before, and in 6 a byte that comes often: 3 % of the example's scripts.
    The stream has no checksum, and needs none: what is damaged leads nowhere, or to no end mark.
    """
    text = "\0".join(texts).encode().decode("latin-1")
    words = _commonest_words(text)
    codes = {word: chr(128 + number) for number, word in enumerate(words)}
    # In longer words, too.
    places = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    short = places.sub(lambda word: codes[word[0]], text) if words else text
    data = "\0".join(("\n".join(words), short)).encode("latin-1")
    return lzma.compress(data, format=lzma.FORMAT_ALONE, filters=[_TEXT_FILTER])


def _commonest_words(text: str) -> list[str]:
    """In the order of the alphabet, in which they take less room themselves."""
    counts = Counter(_WORD.findall(text))
    own = [word for word in counts if word >= "\x80"]
    rest = (word for word in counts if word < "\x80")
    # Measured: a long word counts more, but by far not as much as it is longer.
    best = heapq.nlargest(_FREE_BYTES - len(own), rest, key=lambda word: counts[word] ** 2 * (len(word) - 1))
    return sorted((*own, *best))


def base94_text(data: bytes) -> str:
    """Bytes as one number in ASCII's 94 visible characters, the highest place first: 11 of them for 9 bytes."""
    number = int.from_bytes(data, "big")
    return _base94_digits(number, int(number.bit_length() / math.log2(94)) + 1)


def _base94_digits(number: int, places: int) -> str:
    """By halves: one digit after the other takes a whole script half a second."""
    if places <= _DIGITS_AT_ONCE:
        return "".join(chr(33 + number // 94**place % 94) for place in reversed(range(places)))
    half = places // 2
    high, low = divmod(number, 94**half)
    return _base94_digits(high, places - half) + _base94_digits(low, half)


def packed_program(source: str) -> str:
    """A Python program that does what ``source`` says, in base85, which has neither quotes nor backslashes."""
    packed = base64.b85encode(zlib.compress(source.encode(), 9)).decode("ascii")
    return f'import base64,zlib\nexec(zlib.decompress(base64.b85decode("{packed}")))\n'
