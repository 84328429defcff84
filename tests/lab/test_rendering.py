"""What the machines of the lab run is what every system gets: rendered for each, and held against the linters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshstrap.lint import lint_scripts
from meshstrap.rendering import render_script
from tests.golden.cases import SYSTEMS

from .test_cloud_init import ARCHITECTURES, plan_for


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_scripts_of_every_system_are_rendered_without_a_finding(
    system: str, record_property: Callable[[str, object], None]
) -> None:
    plans = {arch: plan_for(system, arch) for arch in ARCHITECTURES}
    lint_scripts(
        {f"{node.name}-{arch}": render_script(plan, node) for arch, plan in plans.items() for node in plan.nodes}
    )
    for arch in plans:
        record_property("proven", [system, arch, "rendered", "yes"])
