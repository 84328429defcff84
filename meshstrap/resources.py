"""What belongs to the program besides its Python: the bash, the templates, the schemas, the example of an inventory."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# pyproject.toml puts into a wheel's folder what stands beside the package in a clone.
_INSTALLED = _PACKAGE / "shipped"


def resource(name: str) -> Path:
    """A file or folder by its path from the clone's root, wherever meshstrap has been installed from."""
    return (_INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent) / name


def clone() -> Path | None:
    """The root of the clone that runs; ``None`` when this is an installed wheel."""
    return None if _INSTALLED.is_dir() else _PACKAGE.parent
