"""``--update-golden`` writes what is made now over what is kept; then read the difference in git."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the kept texts anew instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run writes."""
    return bool(request.config.getoption("--update-golden"))
