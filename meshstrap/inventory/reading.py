"""A file's bytes as text that the YAML parser may see: bounded, UTF-8, and nothing invisible in it."""

from __future__ import annotations

from pathlib import Path

from meshstrap.errors import InventoryInvalid, InventoryNotFound, Problem

LIMIT_BYTES = 512 * 1024
"""A hundred nodes are about 30 kB; a file far above that is not an inventory."""

_BYTE_ORDER_MARK = "\ufeff"
_WAYS_OUT = {
    _BYTE_ORDER_MARK: "byte order mark (U+FEFF) in the middle of the file: remove it",
    "\r": "carriage return (CR) without a line feed behind it; end lines with LF or CR LF",
}
_LINE_SEPARATORS = "\x85\u2028\u2029"
# https://trojansource.codes: these make a line read differently from what it says.
_DIRECTION_MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Unicode's C0 controls, DEL with the C1 controls, and the halves of UTF-16.
_CONTROL_CODES = (range(0x20), range(0x7F, 0xA0), range(0xD800, 0xE000))
_NO_CHARACTERS = (0xFFFE, 0xFFFF)


def read_inventory_file(path: Path) -> bytes:
    """The bytes of the file, at most one more than allowed. Raises :class:`InventoryNotFound`."""
    try:
        if path.exists() and not path.is_file():
            raise InventoryNotFound(f"{path}: this is not a file; name the inventory itself, for example cluster.yaml")
        with path.open("rb") as stream:
            return stream.read(LIMIT_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise InventoryNotFound(f"{path}: leads to {path.readlink()}, which is not there") from None
        raise InventoryNotFound(f"{path}: there is no such file; `invoke init` writes a commented one") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InventoryNotFound(f"{path}: cannot be read: {reason}") from None


def fault(file: str, line: int, column: int, message: str) -> InventoryInvalid:
    """An inventory that cannot be read any further, because of one thing at one place."""
    return InventoryInvalid([Problem(file=file, line=line, column=column, message=message)])


def decode(data: bytes, file: str) -> str:
    """The text of the file, as it is with Unix line endings and without a byte order mark.

    Raises :class:`InventoryInvalid` with the first thing that cannot stay.
    """
    if len(data) > LIMIT_BYTES:
        raise fault(file, 1, 1, f"the file is larger than {LIMIT_BYTES} bytes (512 KiB); this is not an inventory")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        message = f"byte {error.start + 1} (0x{data[error.start]:02x}) is not UTF-8; save the file as UTF-8"
        raise fault(file, line, column, message) from None
    text = normalized(text)
    _refuse_invisible(text, file)
    return text


def normalized(text: str) -> str:
    """A text as an editor of Windows saves it, as one of Unix does. Lines and columns stay what editors show."""
    return text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")


def _refuse_invisible(text: str, file: str) -> None:
    for offset, character in enumerate(text):
        reason = _why_refused(character) if character != "\n" else ""
        if reason:
            line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
            raise fault(file, line, column, reason)


def _why_refused(character: str) -> str:
    if " " <= character <= "~" or character == "\t":
        return ""
    if character in _LINE_SEPARATORS:
        return f"line separator U+{ord(character):04X}; editors and YAML disagree whether it ends a line: remove it"
    if character in _DIRECTION_MARKS:
        return f"text direction mark U+{ord(character):04X} hides what the line says: remove it"
    if character in _WAYS_OUT:
        return _WAYS_OUT[character]
    return f"control character U+{ord(character):04X} is not allowed: remove it" if is_control(character) else ""


def is_control(character: str) -> bool:
    """Whether the character is invisible and acts on terminals or parsers; line feed and tab included."""
    code = ord(character)
    return any(code in codes for codes in _CONTROL_CODES) or code & 0xFFFF in _NO_CHARACTERS
