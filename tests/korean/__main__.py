"""What `nox -s korean` runs: lists what has no Korean, or Korean that was made for another English.

``seen.txt`` holds a checksum of each pair that somebody has read side by side. `--seen PLACE…` adds those whose place
begins so, and `--seen` alone adds all; what breaks a rule is not added.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.korean.pages import pages
from tests.korean.pair import Pair
from tests.korean.texts import claims, texts, texts_in_code

SEEN = Path(__file__).with_name("seen.txt")


def read_seen(path: Path = SEEN) -> set[str]:
    """The checksums of the pairs that were read."""
    return set(path.read_text(encoding="utf-8").split())


def complaints(pairs: Iterable[Pair], seen: set[str]) -> Iterator[str]:
    """A line for each text that is missing, breaks a rule, or was not read since one side changed."""
    for pair in pairs:
        if not pair.ko:
            yield f"{pair.place}: missing"
        elif pair.wrong:
            yield from (f"{pair.place}: {wrong}" for wrong in pair.wrong)
        elif pair.seal not in seen:
            yield f"{pair.place}: stale, or not read since it changed"


def note(pairs: Sequence[Pair], places: Sequence[str], path: Path = SEEN) -> None:
    """Keep the checksums of these places; those of texts that are gone go."""
    seen = read_seen(path)
    kept = {
        pair.seal
        for pair in pairs
        if pair.seal in seen or (pair.ko and not pair.wrong and pair.place.startswith(tuple(places) or ""))
    }
    path.write_text("".join(f"{seal}\n" for seal in sorted(kept)), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """List; 1 when there is something to do."""
    pairs = [*texts(), *texts_in_code(), *claims(), *pages()]
    if arguments[:1] == ["--seen"]:
        note(pairs, arguments[1:])
    found = list(complaints(pairs, read_seen()))
    print("".join(f"{line}\n" for line in found), end="")
    print(f"{len(pairs)} texts, {len(found)} to do")
    if found:
        print("Write the Korean, read both side by side, then `nox -s korean -- --seen PLACE…`")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
