"""Which language a person reads."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.errors import UnknownName

LANGUAGES = ("en", "ko")
"""The languages of the texts; the first is the one of those who say nothing."""

# In the order in which gettext looks at them: https://www.gnu.org/software/gettext/manual/html_node/The-LANGUAGE-variable.html
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def choose_language(wanted: str, environment: Mapping[str, str]) -> str:
    """The language asked for; without one, that of the locale. ``UnknownName`` for one that there is not."""
    if wanted:
        if wanted not in LANGUAGES:
            raise UnknownName("language", wanted, LANGUAGES)
        return wanted
    locale = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    words = (word[:2].lower() for word in locale.split(":"))
    return next((word for word in words if word in LANGUAGES), LANGUAGES[0])
