"""The inventory's own CA is trusted."""

from __future__ import annotations

from meshstrap.plan import Plan
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question

_BUNDLES = "/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt"


def asks(plan: Plan) -> Asked:
    """How often the plan's own CA is among the system's."""
    lines = [line for line in plan.trusted_ca.splitlines() if line and not line.startswith("-")]
    # Its second line differs from certificate to certificate; the first is much the same in all.
    return Asked(
        commands=tuple(
            Question("trusted_ca", f"cat {_BUNDLES} 2>/dev/null | grep --count --fixed-strings '{line}'", codes=(0, 1))
            for line in lines[1:2]
        )
    )


TOPIC = Topic("packages", __file__, asks=asks)


@TOPIC.check()
def the_private_ca_is_trusted(machine: Machine) -> None:
    found = machine.answers.said("trusted_ca")
    if not found.isdigit():
        raise CannotTell(f"grep counts {found!r}")
    machine.expect(int(found) > 0, "not among the system's certificates")
