"""A node whose code is fetched: it boots, and while its code does not come it says why, and goes on once it does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshstrap.rendering import render_code

from .lab import Lab
from .node import check_steps, lab_inventory, render, status, wait_settled
from .process import wait_until
from .statuses import KeptStatus
from .vendors import Sources

WRONG: dict[str, tuple[Callable[[bytes], bytes] | None, str]] = {
    "away": (None, "HTTP Error 404"),
    "another": (lambda code: code + b"#\n", "what came has sha256 "),
    # The name of its network card has room for 15 characters.
    "cut": (lambda code: code[: len(code) // 2], "only "),
    "portal": (lambda _: b"<!doctype html><title>Please log in</title>\n", "a web page came: does a proxy answer?"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_node_waits_for_its_code_and_says_why_it_does_not_come(
    lab: Lab, sources: Sources, kept_status: KeptStatus, fault: str
) -> None:
    code = render_code()
    file = sources.folder / f"code-{fault}" / code.name
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    make, message = WRONG[fault]
    if make:
        file.write_bytes(make(code.text.encode()))
    lab.serve(sources.folder)
    machine = lab.machine(f"code-{fault}")
    lab.use_distribution(machine, sources)
    place = f"  code: {{url: 'http://apt.lab.test/code-{fault}', plain_http: true}}\n"
    lab.launch(machine, lab.encode(render(lab_inventory(sources, extra=place)).user_data.text))
    wait_until(lambda: status(machine).get("state") == "waiting", f"{machine.name}: a reason", seconds=120)
    kept_status(f"code-{fault}", status(machine))
    assert message in status(machine)["message"]
    assert status(machine)["step"] == "-"
    file.write_text(code.text)
    wait_settled(machine, seconds=240)
    assert {line.split()[1] for line in check_steps(machine)} == {"ok"}
