"""``arguments`` of the control plane's parts held against those that the programs take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from meshstrap.compat.ranges import minor
from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.rules_components import components
from meshstrap.inventory.values import did_you_mean
from meshstrap.own_yaml import read_typed

# What pflag reads of each kind: https://pkg.go.dev/github.com/spf13/pflag
_KINDS = {
    "boolean": ("true or false", re.compile(r"true|false")),
    "integer": ("a whole number", re.compile(r"-?[0-9]+")),
    "number": ("a number", re.compile(r"-?[0-9]+(\.[0-9]+)?")),
    "duration": ("a duration such as 10s or 2m30s", re.compile(r"0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")),
}


@cache
def arguments_of(kubernetes_minor: str) -> Mapping[str, Mapping[str, str]]:
    """Each part of the control plane, its arguments and their kinds; empty for a version of which nothing is known."""
    file = files("meshstrap.compat") / "arguments" / f"{kubernetes_minor}.yaml"
    found: Mapping[str, Mapping[str, str]] = read_typed(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def arguments_are_known(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The program takes each argument and its value: one that it does not take keeps it from starting, for ever."""
    version = minor(inventory.cluster.kubernetes_version)
    known = arguments_of(version)
    for key, component, protected in components(inventory) if known else ():
        program = f"kube-{key.replace('_', '')}" if key == "api_server" else f"kube-{key.replace('_', '-')}"
        kinds = known[program]
        for name, value in component.arguments.items():
            place = ("cluster", key, "arguments", name)
            if name in protected:
                continue
            if name not in kinds:
                message = f"{program} {version} has no argument --{name}, and would not start"
                yield places.problem(place, message + did_you_mean(name, tuple(kinds)), at_key=True)
                continue
            words, form = _KINDS.get(kinds[name], ("", None))
            if form and not form.fullmatch(value):
                yield places.problem(
                    place, f"'{value}' is not {words}, which --{name} takes: {program} would not start"
                )
