"""A node's shape and what follows from it: processor, CPUs, quota, warnings, and what the page tells to choose."""

from __future__ import annotations

import pytest

from meshstrap.inventory.shapes import GENERIC, MICRO, SHAPES
from meshstrap.plan import Plan
from meshstrap.views.page.model import PageNode
from tests.golden.cases import plan_of, secrets_for
from tests.unit.test_page import Parsed, packed_nodes, page_of


def with_workers(*machines: str, quota: str = "") -> Plan:
    """A control plane on an A1, and workers that are such machines; all of one account."""
    workers = "".join(
        f"  - {{name: w{index}, account: a, role: worker, {one}}}\n" for index, one in enumerate(machines)
    )
    return plan_of(
        f"cluster: {{name: home}}\naccounts: [{{name: a{quota}}}]\n"
        f"nodes:\n  - {{name: cp1, account: a, role: control-plane}}\n{workers}"
    )


@pytest.mark.parametrize(
    ("machine", "arch", "ocpus", "cpus", "memory"),
    [
        ("ocpus: 3", "arm64", 3, 3, 12),
        ("shape: VM.Standard.A2.Flex, ocpus: 3", "arm64", 3, 6, 12),
        ("shape: VM.Standard.E4.Flex, memory_gib: 4", "amd64", 2, 4, 4),
        ("shape: VM.Standard3.Flex, ocpus: 1", "amd64", 1, 2, 12),
        (f"shape: {MICRO}", "amd64", 1, 2, 1),
        (f"shape: {MICRO}, ocpus: 1, memory_gib: 1, arch: amd64", "amd64", 1, 2, 1),
        (f"shape: {GENERIC}, arch: amd64, ocpus: 3", "amd64", 3, 3, 12),
        (f"shape: {GENERIC}, arch: arm64, boot_volume_gib: 20", "arm64", 2, 2, 12),
    ],
)
def test_what_a_shape_settles(machine: str, arch: str, ocpus: int, cpus: int, memory: int) -> None:
    node = with_workers(machine).node("w0")
    assert (node.arch, node.ocpus, node.cpus, node.memory_gib) == (arch, ocpus, cpus, memory)
    assert node.helm.url.endswith(f"linux-{arch}.tar.gz")


def test_a_micro_takes_no_ocpus_and_no_memory_of_the_account_but_its_disk() -> None:
    micros = [f"shape: {MICRO}"] * 2
    (account,) = with_workers(*micros, quota=", quota: {ocpus: 2, memory_gib: 12, storage_gib: 150}").accounts
    assert (account.ocpus, account.memory_gib, account.storage_gib, account.micros) == (2, 12, 150, 2)


@pytest.mark.parametrize("shape", [name for name, shape in SHAPES.items() if shape.series and not shape.free])
def test_what_is_not_always_free_is_said_to_cost_money(shape: str) -> None:
    (said,) = [text for text in with_workers(f"shape: {shape}").warnings if "Always Free" in text]
    assert said.startswith(f"node w0: {shape} is none of OCI's Always Free shapes, so it costs money")
    assert said.endswith(f"free are VM.Standard.A1.Flex and {MICRO}")


def test_the_warnings_of_a_micro_and_of_one_too_many() -> None:
    said = with_workers(*[f"shape: {MICRO}"] * 3).warnings
    assert [text for text in said if text.startswith(f"nodes w0, w1, w2: {MICRO} has an eighth of an OCPU")]
    assert f"account a: OCI gives an account 2 of {MICRO}, not 3" in said
    assert not [text for text in with_workers(*[f"shape: {MICRO}"] * 2).warnings if "OCI gives" in text]


@pytest.mark.parametrize(
    ("machine", "over"),
    [("ocpus: 2", "4 OCPUs and 24 GiB"), (f"shape: {MICRO}", ""), ("shape: VM.Standard.E4.Flex", "")],
)
def test_an_account_of_which_no_quota_is_known_is_held_against_always_free(machine: str, over: str) -> None:
    (said,) = [text for text in with_workers(machine).warnings if "no quota is given" in text]
    took = f"; in one account they take {over} of VM.Standard.A1.Flex, of which 2 and 12 are Always Free"
    assert said == "account a: no quota is given, so the nodes are not held against one" + (took if over else "")


def test_many_accounts_without_a_quota_are_one_warning() -> None:
    names = [f"a{index}" for index in range(9)]
    workers = "".join(f"  - {{name: w{name}, account: {name}, role: worker}}\n" for name in names[1:])
    plan = plan_of(
        f"cluster: {{name: home}}\naccounts: [{', '.join(f'{{name: {name}}}' for name in names)}]\n"
        f"nodes:\n  - {{name: cp1, account: a0, role: control-plane}}\n{workers}"
    )
    said = [text for text in plan.warnings if "quota" in text]
    assert said == ["accounts a0, a1, a2, a3, a4 and 4 more: no quota is given, so the nodes are not held against one"]


def test_many_generic_machines_are_one_warning_about_the_size_of_user_data() -> None:
    (said,) = [text for text in with_workers(*[f"shape: {GENERIC}, arch: amd64"] * 7).warnings if "user-data" in text]
    assert said.startswith("nodes w0, w1, w2, w3, w4 and 2 more: ")
    assert "AWS takes 16384 bytes" in said


def test_the_page_names_the_shape_where_the_console_lists_it() -> None:
    text = Parsed(page_of(with_workers("shape: VM.Standard.A2.Flex, ocpus: 1", f"shape: {MICRO}"))).text
    assert "Shape → Ampere: VM.Standard.A1.Flex with 2 OCPUs and 12 GB" in text
    assert "Shape → Ampere: VM.Standard.A2.Flex with 1 OCPUs and 12 GB" in text
    assert f"Shape → Specialty and previous generation: {MICRO}, which leaves no choice" in text
    assert f"1 of the {MICRO} machines" in text


def test_the_page_sends_no_generic_machine_to_ocis_console() -> None:
    plan = with_workers(f"shape: {GENERIC}, arch: amd64, os: debian-13, ocpus: 4")
    text = Parsed(page_of(plan)).text
    assert text.count("In the OCI console") == text.count("Require an authorization header, so that") == 1
    assert "with Debian 13 for amd64, 4 CPUs, 12 GiB of memory, a disk of 50 GiB" in text
    assert "AWS EC2 takes 16,384 bytes" in text
    assert "custom image" not in text


@pytest.mark.parametrize(("machine", "choice"), [("ocpus: 1", True), (f"shape: {MICRO}", False)])
def test_the_command_that_launches_a_machine_names_its_shape(machine: str, choice: bool) -> None:
    plan = with_workers(machine)
    data = packed_nodes(plan, secrets_for(plan))["w0"]
    node = plan.node("w0")
    launch = PageNode(node=node, data=data, has_auth_key=True, token_expires=None).launch
    assert f"  --shape {node.shape.name} \\\n" in launch
    assert ('--shape-config \'{"ocpus": 1, "memoryInGBs": 12}\' \\\n' in launch) == choice
    assert ("shape-config" in launch) == choice


def test_where_no_machine_is_an_instance_step_0_says_nothing_of_ocis_console() -> None:
    plan = plan_of(
        "cluster: {name: home}\naccounts: [{name: a}]\n"
        "nodes:\n  - {name: cp1, account: a, role: control-plane, shape: generic, arch: amd64}\n"
    )
    page = Parsed(page_of(plan)).text
    for said in ("OCPUs", "Virtual cloud networks", "Require an authorization header", "custom image"):
        assert said not in page, said
    assert "image: Canonical Ubuntu 24.04" in page
