"""The models: every field documented, defaults and examples valid, everything settable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from netaddr import IPNetwork
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from meshstrap.inventory import Inventory, json_schema, load_inventory
from meshstrap.inventory.fields import section_in
from meshstrap.inventory.section import REQUIRED, Section

ROOT = Path(__file__).parents[2]


def sections(section: type[Section] = Inventory) -> Iterator[type[Section]]:
    yield section
    for info in section.model_fields.values():
        below = section_in(info.annotation)
        if below is not None:
            yield from sections(below)


def fields() -> Iterator[tuple[type[Section], str, FieldInfo]]:
    for section in dict.fromkeys(sections()):
        for name, info in section.model_fields.items():
            yield section, name, info


FIELDS = [pytest.param(section, name, info, id=f"{section.__name__}.{name}") for section, name, info in fields()]


@pytest.mark.parametrize(("section", "name", "info"), FIELDS)
def test_every_field_has_a_description_and_a_valid_example(section: type[Section], name: str, info: FieldInfo) -> None:
    assert info.description
    assert info.examples
    for example in info.examples:
        validate_one(section, name, example)


def validate_one(section: type[Section], name: str, value: Any) -> None:
    """Validate one field; what else is missing does not matter."""
    try:
        TypeAdapter(section).validate_python({name: value})
    except ValidationError as error:
        assert {details["type"] for details in error.errors()} == {"missing"}  # noqa: PT017 - only some errors count


def test_only_these_keys_are_required() -> None:
    required = {f"{section.__name__}.{name}" for section, name, info in fields() if info.is_required()}
    assert required == {
        "Inventory.cluster",
        "Inventory.accounts",
        "Inventory.nodes",
        "CodePlace.url",
        "Cluster.name",
        "Account.name",
        "Node.name",
        "Node.account",
        "Node.role",
        "Volume.name",
        "Volume.host_path",
        "Volume.mount_path",
        "BlockVolume.device",
        "BlockVolume.size_gib",
        "PinnedFile.url",
        "PinnedFile.sha256",
    }
    assert REQUIRED is ...


def test_defaults_are_values_of_the_right_type() -> None:
    inventory = load_inventory(ROOT / "tests/inventories/valid/minimal.yaml")
    assert inventory.cluster.pod_subnet == IPNetwork("10.244.0.0/16")
    assert inventory.tailnet.tags == ("tag:k8s-node",)
    assert inventory.cilium.hubble is False
    node = inventory.nodes[0]
    assert (node.os, node.arch, node.ocpus, node.memory_gib, node.boot_volume_gib) == (
        "ubuntu-24.04",
        "arm64",
        2,
        12,
        50,
    )
    assert (node.block_volume, node.taints, node.labels, node.kubelet) == (None, None, {}, {})


def test_everything_can_be_set() -> None:
    inventory = load_inventory(ROOT / "tests/inventories/valid/everything.yaml")
    assert {f"{section.__name__}.{name}" for section, name, _ in fields()} == set(set_fields(inventory))
    assert inventory.tailnet.login_server == "https://headscale.example.net:8443"
    assert inventory.sources.trusted_ca.startswith("-----BEGIN CERTIFICATE-----\n")
    assert inventory.sources.trusted_ca.endswith("-----END CERTIFICATE-----\n")
    assert inventory.nodes[0].kubelet == {"maxPods": 30}
    assert inventory.cilium.values["devices"] == ["enp0s6", "tailscale0"]


def set_fields(section: Section) -> Iterator[str]:
    """Every field that the file sets somewhere."""
    for name in section.model_fields_set:
        yield f"{type(section).__name__}.{name}"
        value = getattr(section, name)
        for below in value if isinstance(value, tuple) else (value,):
            if isinstance(below, Section):
                yield from set_fields(below)


def test_text_stays_as_it_was_written() -> None:
    inventory = load_inventory(ROOT / "tests/inventories/valid/written-scalars.yaml")
    assert inventory.cluster.name == "no"
    assert inventory.cluster.kubernetes_version == "1.36.10"
    assert (inventory.accounts[0].name, inventory.nodes[0].name) == ("007", "on")
    assert inventory.nodes[0].labels == {"empty": "", "bare": "", "number": "1.30", "flag": "yes"}
    assert inventory.nodes[0].taints is None
    assert inventory.cluster.kubelet == {}
    assert inventory.cilium.values["extraConfig"] == {
        "text": "yes",
        "number": 15,
        "quoted": "true",
        "flag": True,
        "nothing": None,
        "time": "12:30",
        "float": 1000.0,
    }


def test_an_inventory_does_not_change() -> None:
    inventory = load_inventory(ROOT / "tests/inventories/valid/minimal.yaml")
    with pytest.raises(ValidationError):
        inventory.cluster.name = "other"  # type: ignore[misc]


def test_the_committed_schema_is_current() -> None:
    committed = (ROOT / "cluster.schema.json").read_text(encoding="utf-8")
    assert committed == json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", "run: invoke schema"


def test_the_schema_lets_editors_see_numbers_where_text_is_meant() -> None:
    cluster = json_schema()["$defs"]["Cluster"]["properties"]
    assert cluster["kubernetes_version"]["type"] == ["string", "number"]
    assert cluster["kubernetes_version"]["default"] == "1.36.3"
    assert json_schema()["$defs"]["Node"]["properties"]["role"]["enum"] == ["control-plane", "worker"]


def test_the_example_is_the_documented_case() -> None:
    path = ROOT / "cluster.example.yaml"
    inventory = load_inventory(path)
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=./cluster.schema.json\n")
    assert [account.name for account in inventory.accounts] == ["alice", "bob", "carol"]
    assert {str(account.subnet) for account in inventory.accounts} == {"10.0.0.0/24"}
    assert [node.account for node in inventory.nodes] == ["alice", "bob", "carol"]
    assert {len(key.split()[1]) for key in inventory.accounts[0].ssh_authorized_keys} == {68}
