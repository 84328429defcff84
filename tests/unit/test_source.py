"""Reading YAML: hostile and broken files give one clear problem, never a traceback and never a hang."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meshstrap.errors import InventoryInvalid, InventoryNotFound
from meshstrap.inventory import load_inventory, parse_inventory
from meshstrap.inventory.core_schema import typed_value
from meshstrap.inventory.reading import LIMIT_BYTES
from meshstrap.inventory.source import parse_source
from meshstrap.inventory.tree import Places, Position, Scalar

ROOT = Path(__file__).resolve().parents[2]
BASE = b"cluster:\n  name: homelab\n"


def only_problem(data: bytes) -> str:
    with pytest.raises(InventoryInvalid) as caught:
        parse_inventory(data, "cluster.yaml")
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BASE + b"  a: \xef\xbb\xbfb\n", "3:6: byte order mark (U+FEFF) in the middle of the file: remove it"),
        (b"\xff\xfec\x00", "1:1: byte 1 (0xff) is not UTF-8; save the file as UTF-8"),
        (BASE + "  region: '서울".encode() + b"\xe9'\n", "3:14: byte 43 (0xe9) is not UTF-8; save the file as UTF-8"),
        (b"a: \xed\xa0\x80\n", "1:4: byte 4 (0xed) is not UTF-8; save the file as UTF-8"),
        (BASE + b"  a: b\x00c\n", "3:7: control character U+0000 is not allowed: remove it"),
        (BASE + b"  a: \x1b[31mred\n", "3:6: control character U+001B is not allowed: remove it"),
        (BASE + "  a: \x85b\n".encode(), "3:6: line separator U+0085; editors and YAML disagree"),
        (BASE + "  a: \u2028b\n".encode(), "3:6: line separator U+2028; editors and YAML disagree"),
        (BASE + "  a: \u202eb\n".encode(), "3:6: text direction mark U+202E hides what the line says"),
        (BASE + "  a: \uffff\n".encode(), "3:6: control character U+FFFF is not allowed"),
        (BASE.replace(b"\n", b"\r"), "1:9: carriage return (CR) without a line feed behind it; end lines with LF"),
        (b"", "1:1: the file is empty; `invoke init` writes a commented one"),
        (b"\n\n", "1:1: the file is empty"),
        (b"---\n", "1:1: the file is empty"),
        (b"- a\n", "1:1: the file is a list"),
        (b"hello\n", "1:1: the file is one value"),
        (b"\ta: 1\n", "1:1: a tab is used as indentation; YAML allows spaces only"),
        (b'a: "\\UFFFFFFFF"\n', "1:7: not YAML: the number of an escape or a directive is out of range"),
        (b'a: "\\uD800"\n', "1:4: control character U+D800 in the value is not allowed"),
        (b"%YAML " + b"9" * 5000 + b".1\n--- {}\n", "1:7: not YAML: the number of an escape or a directive"),
        (b"? a\n: *b\n", "2:3: alias '*b' is not allowed"),
        (b"a: !<tag:example.net,2026:x> b\n", "1:4: tag 'tag:example.net,2026:x' is not allowed"),
        (b"a: [1, 2\n", "2:1: not YAML: the list that starts with '[' on line 1 is not closed"),
        (b"{a: b}}\n", "1:7: not YAML: "),
    ],
)
def test_broken_file(data: bytes, message: str) -> None:
    assert only_problem(data).startswith("cluster.yaml:" + message)


def test_a_file_of_windows_is_read_like_any_other() -> None:
    """Saved by its editor: CR LF and a byte order mark. Problems stand where that editor shows them."""
    text = (ROOT / "tests" / "inventories" / "valid" / "everything.yaml").read_bytes()
    windows = b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n")
    assert parse_inventory(windows, "f") == parse_inventory(text, "f")
    assert only_problem(b"\xef\xbb\xbfcluster:\r\n  - a\r\n  - b: c: d\r\n").startswith("cluster.yaml:3:9: not YAML")


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 65_000,
        b"{" * 65_000,
        b"a: " + b"{x: " * 25_000,
        b"- " * 65_000,
        b"? " * 65_000,
        b"".join(b" " * level + b"a:\n" for level in range(400)),
    ],
    ids=["lists", "mappings", "pairs", "items", "keys", "indented"],
)
def test_deep_nesting(data: bytes) -> None:
    assert "nested deeper than 24 levels" in only_problem(data)


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (LIMIT_BYTES - 1),
        b"a: " + b"x y " * 25_000,
        b"a: '" + b"''" * 25_000,
        b"\n".join(b"k%d: {a: [b, 'c']}" % number for number in range(5_500)),
        b"#" * (LIMIT_BYTES - 1),
        b"a: |\n" + b"  x\n" * 25_000,
        b'a: "' + b"\\n" * 25_000,
        b"%" * 120_000,
        b"a: " + b"&" * 120_000,
    ],
    ids=["word", "words", "quotes", "many-keys", "comment", "block", "escapes", "directive", "anchor"],
)
def test_large_nonsense_ends(data: bytes) -> None:
    with pytest.raises(InventoryInvalid):
        parse_inventory(data, "cluster.yaml")


def test_file_above_the_limit_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_bytes(b"[" * 10_000_000)
    with pytest.raises(InventoryInvalid, match=r"1:1: the file is larger than 524288 bytes \(512 KiB\)"):
        load_inventory(path)


def test_billion_laughs() -> None:
    bomb = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 122))
    assert "anchor '&a' is not allowed" in only_problem(bomb)


def test_missing_file_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    with pytest.raises(InventoryNotFound) as caught:
        load_inventory(path)
    assert str(caught.value) == f"{path}: there is no such file; `invoke init` writes a commented one"


def test_unreadable_places(tmp_path: Path) -> None:
    with pytest.raises(InventoryNotFound, match="this is not a file"):
        load_inventory(tmp_path)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(InventoryNotFound, match="this is not a file"):
        load_inventory(fifo)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(InventoryNotFound, match="cannot be read: Too many levels of symbolic links"):
        load_inventory(loop)
    with pytest.raises(InventoryNotFound, match="there is no such file"):
        load_inventory(tmp_path / "fifo" / "cluster.yaml")
    (tmp_path / "link").symlink_to("away")
    with pytest.raises(InventoryNotFound, match="link: leads to away, which is not there"):
        load_inventory(tmp_path / "link")
    with pytest.raises(InventoryNotFound, match="cannot be read: File name too long"):
        load_inventory(tmp_path / ("x" * 300))
    with pytest.raises(InventoryNotFound, match="cannot be read: embedded null"):
        load_inventory(tmp_path / "a\x00b")


def test_the_file_name_stands_as_given() -> None:
    with pytest.raises(InventoryInvalid, match=r"^\./odd name\.yaml:1:1: "):
        parse_inventory("", "./odd name.yaml")


def test_places() -> None:
    root, duplicates = parse_source(b"a:\n  - b: 1\n    b: 2\n    c.d: x\n", "f")
    places = Places("f", root)
    assert [str(problem) for problem in duplicates] == ["f:3:5: a[0].b: duplicate key, first set on line 2"]
    assert places.position(("a", 0, "b")) == Position(2, 8)
    assert places.position(("a", 0, "missing")) == Position(2, 5)
    assert places.position(("a", 7)) == Position(2, 3)
    assert places.key_position(("a", 0, "c.d")) == Position(4, 5)
    assert str(places.problem(("a", 0, "c.d"), "wrong")) == 'f:4:10: a[0]["c.d"]: wrong'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("1.30", 1.3),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        ("12:30", "12:30"),
        ("2026-11-23", "2026-11-23"),
        ("9" * 30, float("9" * 30)),
        ("=", "="),
    ],
)
def test_core_schema(text: str, value: object) -> None:
    found = typed_value(Scalar(Position(1, 1), text, plain=True))
    assert found == value
    assert type(found) is type(value)
    assert typed_value(Scalar(Position(1, 1), text, plain=False)) == text
