"""registry_mirrors: containerd gets images from the inventory's mirrors."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import Sandbox

STEP = "registry_mirrors"
FOLDER = "etc/containerd/certs.d"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A node of an inventory with two mirrors."""
    hosts = tuple(f'server = "https://{name}.example.net"' for name in ("one", "two"))
    sandbox.header |= {"REGISTRY_NAMES": ("docker.io", "registry.k8s.io:443"), "REGISTRY_HOSTS": hosts}
    return sandbox


def test_it_changes_what_it_should(machine: Sandbox) -> None:
    assert machine.run(STEP).levels == ["change", "changed", "summary"]
    assert machine.read(f"{FOLDER}/docker.io/hosts.toml") == 'server = "https://one.example.net"\n'
    assert machine.read(f"{FOLDER}/registry.k8s.io:443/hosts.toml") == 'server = "https://two.example.net"\n'


def test_second_run_is_a_no_op(machine: Sandbox) -> None:
    machine.run(STEP)
    assert machine.run(STEP).levels == ["ok", "summary"]


def test_a_mirror_that_has_changed_is_drift(machine: Sandbox) -> None:
    machine.run(STEP)
    machine.write(f"{FOLDER}/registry.k8s.io:443/hosts.toml", 'server = "https://other.example.net"\n')
    assert machine.run(STEP, check_only=True).levels == ["drift", "summary"]
    assert machine.run(STEP).code == 0
    assert "two" in machine.read(f"{FOLDER}/registry.k8s.io:443/hosts.toml")


def test_apply_fails(machine: Sandbox) -> None:
    machine.write("etc/containerd", "")
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert f"cannot write {machine.root}/{FOLDER}/docker.io/hosts.toml" in outcome.log


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run(STEP)
    (machine.bin / "cmp").unlink()
    outcome = machine.run(STEP)
    assert outcome.code == 1
    assert "cannot tell the current state (exit 127)" in outcome.log
