"""The table of steps, made from the catalogue."""

from __future__ import annotations

from meshstrap.steps import Step, catalogue

_HEAD = {
    "en": ("step", "who", "what holds afterwards"),
    "ko": ("단계", "대상", "끝나면 성립하는 것"),
}
_WHO = {
    "en": {"all": "all", "apt": "Ubuntu and Debian", "block_volume": "with a block volume", "ca": "with a trusted_ca"},
    "ko": {
        "all": "모두",
        "apt": "Ubuntu와 Debian",
        "block_volume": "블록 볼륨이 있으면",
        "ca": "trusted_ca가 있으면",
    },
}


def step_table_markdown(language: str = "en") -> str:
    """One row for each step, in order: its name, who gets it, what holds afterwards."""
    rows = [_HEAD[language], ("---",) * 3]
    rows += [(f"`{step.name}`", _who(step, _WHO[language]), holds(step, language)) for step in catalogue()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def holds(step: Step, language: str) -> str:
    """What holds after a step."""
    return step.holds.of(language)


def _who(step: Step, words: dict[str, str]) -> str:
    who = [step.roles[0] if len(step.roles) == 1 else words["all"]]
    if len(step.families) == 1:
        who.append("Oracle Linux" if step.families[0] == "dnf" else words["apt"])
    who += [words["block_volume"]] if "block_volume" in step.needs else []
    who += [words["ca"]] if "trusted_ca" in step.needs else []
    return ", ".join(who)
