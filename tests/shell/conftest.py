"""Fixtures of the shell layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from .sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A fresh machine."""
    return Sandbox(tmp_path / "machine")
