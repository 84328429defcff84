"""A made-up cluster of any size: every operating system, both processors, some with a data volume."""

from __future__ import annotations

from datetime import UTC, datetime

from meshstrap.plan import Plan
from meshstrap.secrets import BootstrapToken, Secret, Secrets

SYSTEMS = ("ubuntu-24.04", "debian-13", "oracle-10", "ubuntu-22.04", "debian-12", "oracle-9")


def inventory_text(nodes: int) -> str:
    """cluster.yaml with so many nodes, each in an account of its own."""
    lines = ["cluster: {name: bench, pod_subnet: 10.244.0.0/14}", "accounts:"]
    lines += [f"  - {{name: a{number}, subnet: 10.0.0.0/24}}" for number in range(nodes)]
    lines += ["nodes:", "  - {name: n0, account: a0, role: control-plane}"]
    lines += [_worker(number) for number in range(1, nodes)]
    return "\n".join(lines) + "\n"


def _worker(number: int) -> str:
    system = SYSTEMS[number % len(SYSTEMS)]
    shape = "VM.Standard.E4.Flex" if number % 4 == 0 else "VM.Standard.A1.Flex"
    volume = ", block_volume: {device: /dev/oracleoci/oraclevdb, size_gib: 50, format: true}" if number % 5 == 0 else ""
    return f"  - {{name: n{number}, account: a{number}, role: worker, os: {system}, shape: {shape}{volume}}}"


def made_up_secrets(plan: Plan) -> Secrets:
    """An auth key for every node, and a token for every worker."""
    expires = datetime(2030, 1, 1, tzinfo=UTC)
    workers = [node.name for node in plan.nodes if not node.is_control_plane]
    return Secrets(
        auth_keys={node.name: Secret(f"tskey-auth-k{node.name}CNTRL-{'abcdefgh' * 4}") for node in plan.nodes},
        bootstrap_tokens={
            name: BootstrapToken(token=Secret(f"{number:06d}.{number:016d}"), expires=expires)
            for number, name in enumerate(workers)
        },
    )
