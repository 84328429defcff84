"""What is left behind on the machine: secrets that are used up, and what the node says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan.hosts import names
from meshstrap.plan.model import Fact, NodePlan, Plan

_IMDS = "https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm"


def facts(plan: Plan, node: NodePlan) -> Iterator[Fact]:
    """Facts of the topics secrets and converged."""
    del plan
    yield from _secrets()
    yield from _converged(node)


def _secrets() -> Iterator[Fact]:
    yield Fact(
        name="auth_key",
        value=f"no auth key in {names.SECRETS_FOLDER}",
        why="it has done its work; until it expires, whoever reads it can put a machine into the tailnet",
        source="https://tailscale.com/kb/1085/auth-keys",
    )
    yield Fact(
        name="bootstrap_tokens",
        value=f"no bootstrap token in {names.SECRETS_FOLDER}, no bootstrap-kubelet.conf",
        why="it has done its work; until it expires, whoever reads it can join a node",
        source="https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/",
    )
    yield Fact(
        name="modes",
        value="root's alone: files in the secrets folder, cloud-init's copies, tailscaled's state",
        why="cloud-init keeps the user-data with all that was in it, and writes it anew at every boot",
        source=_IMDS,
    )
    yield Fact(
        name="cluster_keys",
        value="root's alone: private keys and kubeconfigs below /etc/kubernetes and /var/lib/kubelet",
        why="each of them is somebody in the cluster, some of them its administrator",
        source="https://kubernetes.io/docs/setup/best-practices/certificates/",
    )
    yield Fact(
        name="logs",
        value="no auth key and no bootstrap token in the journal or in a log of cloud-init",
        why="logs are read by many, copied to other machines and kept for long",
        source="README.md, Secrets",
    )
    yield Fact(
        name="processes",
        value="no auth key and no bootstrap token on a command line",
        why="every user of the machine sees the command line of every process",
        source="proc(5) cmdline",
    )
    yield Fact(
        name="public_files",
        value="no auth key and no bootstrap token in bootstrap.sh or status.json",
        why="both are there for everyone to read",
        source="README.md, Secrets",
    )


def _converged(node: NodePlan) -> Iterator[Fact]:
    yield Fact(
        name="converged",
        value="converged",
        why="until then this machine is on its way to become the node, or waits for something",
        source=f"{names.STATUS_FILE}",
    )
    yield Fact(
        name="status_identity",
        value=f"{node.name}, {node.role}",
        why="a machine that was given another node's user-data is that node, whatever its hostname says",
        source=f"{names.STATUS_FILE}",
    )
    yield Fact(
        name="no_drift",
        value="bootstrap.sh --check finds nothing to change",
        why="what somebody changed by hand is undone at the next boot, at a moment of its own",
        source=names.SCRIPT,
    )
    yield Fact(
        name="steps",
        value=" ".join(node.steps),
        why="a script that was rendered from another inventory holds the machine to another plan",
        source="meshstrap/steps",
    )
    yield Fact(
        name="runs_at_boot",
        value="meshstrap.service is enabled, and the last run began after the last boot",
        why="it brings back what a boot loses",
        source="meshstrap.service",
    )
