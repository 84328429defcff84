"""Taking one guard of ours away for as long as a ``with`` lasts, and putting it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.machine import Machine

RULE_UNIT = "meshstrap-mesh-rule.service"
DENY = "/etc/systemd/system/tailscaled.service.d/10-meshstrap.conf"
# It has no address, and knows no peer, until it is back in the tailnet.
_RESTART = "systemctl daemon-reload && systemctl restart tailscaled && tailscale wait --timeout=90s"


@contextmanager
def without_mesh_rule(*machines: Machine) -> Iterator[None]:
    """Nothing comes before Tailscale's own rules any more."""
    for machine in machines:
        machine.run("ip", "rule", "del", "pref", "5207").check()
    try:
        yield
    finally:
        for machine in machines:
            machine.run("systemctl", "restart", RULE_UNIT).check()


@contextmanager
def without_address_filter(*machines: Machine) -> Iterator[None]:
    """The sockets of tailscaled may send to pods' addresses, as those of every other program."""
    for machine in machines:
        machine.bash(f"mv {DENY} {DENY}.off && {_RESTART}").check()
    try:
        yield
    finally:
        for machine in machines:
            machine.bash(f"mv {DENY}.off {DENY} && {_RESTART}").check()
