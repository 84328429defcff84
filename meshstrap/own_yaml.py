"""The YAML that comes with meshstrap, by libyaml where PyYAML was built with it: that takes a tenth of the time.

What people write is read by :mod:`meshstrap.inventory`, whose messages are the same on every machine.
"""

from __future__ import annotations

from typing import Any

import yaml

_TYPED: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_AS_TEXT: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_typed(text: str) -> Any:
    """A document with YAML's own types. ``yaml.YAMLError``."""
    return yaml.load(text, Loader=_TYPED)  # noqa: S506 - a safe loader


def read_as_text(text: str) -> Any:
    """A document whose scalars stay text: YAML would make 1.10 of 1.1. ``yaml.YAMLError``."""
    return yaml.load(text, Loader=_AS_TEXT)  # noqa: S506 - makes text, lists and dicts only
