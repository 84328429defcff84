"""What an arm64 worker of a cluster downloads and is told, as far as it is known without one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from meshstrap.inventory import parse_inventory
from meshstrap.plan import derive_plan
from tests.arm64 import images, layer
from tests.arm64.joining import mixed_inventory
from tests.cluster.images import Image, OpenRegistry
from tests.cluster.supplies import Supplies
from tests.lab.architectures import serve_also
from tests.lab.packages import SigningKey

RELEASE = """\
Architectures: amd64
Components: stable
SHA256:
 0123 456 stable/binary-amd64/Packages
 4567 123 stable/binary-amd64/Packages.gz
"""


class Pen(SigningKey):
    """A key that signs nothing."""

    def __init__(self) -> None:
        self.signed: list[Path] = []

    def clearsign(self, source: Path, target: Path) -> None:
        assert source.name == "Release"
        self.signed.append(target)


def test_a_repository_has_an_index_for_either_processor_and_is_signed_anew(tmp_path: Path) -> None:
    top = tmp_path / "dists/lab"
    index = top / "stable/binary-amd64"
    index.mkdir(parents=True)
    (index / "Packages").write_text("Package: tailscale\n")
    (top / "Release").write_text(RELEASE)
    pen = Pen()
    serve_also("arm64", tmp_path, pen, suite="lab")
    assert (top / "stable/binary-arm64/Packages").read_text() == "Package: tailscale\n"
    said = (top / "Release").read_text()
    assert "Architectures: amd64 arm64\n" in said
    assert " 0123 456 stable/binary-amd64/Packages\n 0123 456 stable/binary-arm64/Packages\n" in said
    assert pen.signed == [top / "InRelease"]


def test_a_flat_repository_has_one_index_of_both(tmp_path: Path) -> None:
    (tmp_path / "Packages").write_text("")
    (tmp_path / "Release").write_text("Architectures: amd64\nSHA256:\n 0123 456 Packages\n")
    serve_also("arm64", tmp_path, Pen())
    assert (tmp_path / "Release").read_text() == "Architectures: amd64 arm64\nSHA256:\n 0123 456 Packages\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Packages", "Release"]


def test_its_layer_has_the_packages_of_the_native_one_and_what_they_depend_on() -> None:
    names = ("bash", "libc6", "libc-bin", "binutils-x86-64-linux-gnu", "clang-19")
    status = "\n".join(f"Package: {name}\nStatus: install ok installed\n" for name in names)
    assert layer._packages(status) == ["bash", "clang-19", "libc-bin"]


def test_what_a_worker_pulls_by_an_images_name_leads_to_either_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Sequence[str]] = []

    def crane(registry: OpenRegistry, *words: str) -> str:
        del registry
        said.append(words)
        return {"digest": "sha256:index\n", "mutate": "127.0.0.1:5000/a@sha256:own\n"}.get(words[0], "")

    monkeypatch.setattr(OpenRegistry, "run", crane)
    image = Image("quay.io/meshstrap/probe:1", {}, "/bin/sh", debian=True, arch="arm64")
    digest = images._push(OpenRegistry((), tmp_path), image, "sha256:other", tmp_path / "layer.tar.zst")
    place = "127.0.0.1:5000/meshstrap/probe"
    assert digest == "sha256:index"
    assert "linux/arm64" in said[1]
    assert said[2] == (
        *("index", "append", "--manifest", f"{place}@sha256:other", "--manifest", f"{place}@sha256:own"),
        *("--tag", f"{place}:1"),
    )


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    for name in ("helm", "chart"):
        (tmp_path / name).write_text("")
    names = ("cilium", "operator-generic", "hubble-relay")
    digests = {f"quay.io/cilium/{name}:v1": f"sha256:{'a' * 64}" for name in names}
    supplies = Supplies(tmp_path, "A" * 40, tmp_path, "helm", "chart", digests, tmp_path)
    return mixed_inventory(
        supplies.sources, supplies.values, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    )


def test_one_inventory_has_nodes_of_both_processors_in_accounts_of_their_own(inventory: str) -> None:
    parsed = parse_inventory(inventory, "lab.yaml")
    assert {node.name: (node.arch, node.account) for node in parsed.nodes} == {
        "cp1": ("amd64", "alice"),
        "w1": ("arm64", "bob"),
    }


def test_an_emulated_agent_has_time_to_come_up(inventory: str) -> None:
    values = derive_plan(parse_inventory(inventory, "lab.yaml")).cilium_values
    seconds = values["startupProbe"]["failureThreshold"] * 2
    # The chart's 600 s are those of a machine ten times as fast.
    assert seconds >= 3600
