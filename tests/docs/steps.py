"""The table of steps, made from the catalogue."""

from __future__ import annotations

from meshstrap.steps import Step, catalogue

_HEAD = {
    "en": ("step", "who", "what holds afterwards"),
    "ko": ("단계", "대상", "끝나면 성립하는 것"),
}
_WHO = {
    "en": {
        "all": "all",
        "apt": "on Ubuntu and Debian",
        "dnf": "on Oracle Linux",
        "block_volume": "with a block volume",
        "registry_mirrors": "with `registries`",
        "tailnet_routing": "with `routing: tailnet`",
        "trusted_ca": "with a `trusted_ca`",
    },
    "ko": {
        "all": "모두",
        "apt": "Ubuntu와 Debian에서",
        "dnf": "Oracle Linux에서",
        "block_volume": "블록 볼륨이 있으면",
        "registry_mirrors": "`registries`가 있으면",
        "tailnet_routing": "`routing: tailnet`이면",
        "trusted_ca": "`trusted_ca`가 있으면",
    },
}


def step_table_markdown(language: str = "en") -> str:
    """One row for each step, in order: its name, who gets it, what holds afterwards."""
    rows = [_HEAD[language], ("---",) * 3]
    rows += [(f"`{step.name}`", _who(step, _WHO[language]), step.holds.of(language)) for step in catalogue()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _who(step: Step, words: dict[str, str]) -> str:
    who = [step.roles[0] if len(step.roles) == 1 else words["all"]]
    who += [words[step.families[0]]] if len(step.families) == 1 else []
    return ", ".join([*who, *(words[need] for need in step.needs)])
