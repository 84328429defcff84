"""``arguments`` of the control plane's parts held against those that the programs take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from meshstrap.compat.data import facts_of
from meshstrap.compat.ranges import minor
from meshstrap.errors import Problem
from meshstrap.inventory import Inventory, Places
from meshstrap.inventory.rules_components import PROGRAMS, components
from meshstrap.inventory.values import did_you_mean

# What pflag reads of each kind: https://pkg.go.dev/github.com/spf13/pflag
_KINDS = {
    "boolean": ("true or false", re.compile(r"true|false")),
    "integer": ("a whole number", re.compile(r"-?[0-9]+")),
    "number": ("a number", re.compile(r"-?[0-9]+(\.[0-9]+)?")),
    # Of logs (k8s.io/component-base/logs/api/v1): how much is said, by all files or by those of a name.
    "level": ("a whole number from 0 on", re.compile(r"[0-9]{1,9}")),
    "levels": ("patterns and numbers, such as gc*=1,server=2", re.compile(r"([^,=]+=[0-9]{1,9}(,|$))*")),
    "duration": ("a duration such as 10s or 2m30s", re.compile(r"0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")),
}


def arguments_are_known(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The program takes each argument and its value: one that it does not take keeps it from starting, for ever."""
    version = minor(inventory.cluster.kubernetes_version)
    # Each part of the control plane, its arguments and their kinds.
    known: Mapping[str, Mapping[str, str]] = facts_of("arguments", version)
    for key, component, protected in components(inventory) if known else ():
        program = PROGRAMS[key]
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
        if component.arguments.get("vmodule") and component.arguments.get("logging-format", "text") != "text":
            message = f"only logs of --logging-format=text can be told this: {program} would not start"
            yield places.problem(("cluster", key, "arguments", "vmodule"), message, at_key=True)
