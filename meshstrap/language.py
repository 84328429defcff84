"""The languages of the texts, and which one a person reads. English is the source; Korean may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from meshstrap.errors import UnknownName

LANGUAGES = ("en", "ko")
"""The languages of the texts; the first is the one of those who say nothing."""

Figures: TypeAlias = Mapping[str, object]
"""What stands for the ``{placeholders}``; one that is empty or zero does not hold."""

# In the order in which gettext looks at them: https://www.gnu.org/software/gettext/manual/html_node/The-LANGUAGE-variable.html
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


class Text(BaseModel):
    """The same in both languages. Where there is no Korean the English stands, and ``nox -s korean`` lists the text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    ko: str = ""

    def of(self, language: str) -> str:
        """The text as it is written, in a language of :data:`LANGUAGES`."""
        return self.ko or self.en if language == "ko" else self.en

    def say(self, language: str, figures: Figures) -> str:
        """The text with its figures. ``KeyError`` for a figure not given."""
        return self.of(language).format_map(figures)


def choose_language(wanted: str, environment: Mapping[str, str]) -> str:
    """The language asked for; without one, that of the locale. ``UnknownName`` for one that there is not."""
    if wanted:
        if wanted not in LANGUAGES:
            raise UnknownName("language", wanted, LANGUAGES)
        return wanted
    locale = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    words = (word[:2].lower() for word in locale.split(":"))
    return next((word for word in words if word in LANGUAGES), LANGUAGES[0])
