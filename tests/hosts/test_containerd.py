"""Topic containerd: it answers the kubelet, and runs with the configuration of the plan."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from tests.hosts.reading import stale, unit

CONFIG = "/etc/containerd/config.toml"


def effective(machine: Machine) -> dict[str, Any]:
    """containerd's configuration with everything that it imports and its own defaults."""
    try:
        found = tomllib.loads(machine.answers.said("containerd"))
    except tomllib.TOMLDecodeError as error:
        raise CannotTell(f"containerd config dump: {error}") from error
    plugins: dict[str, Any] = found.get("plugins", {})
    return plugins


@check("cri", step="containerd", symptom="the kubelet waits for its runtime: unknown service runtime.v1.RuntimeService")
def test_the_runtime_answers(machine: Machine) -> None:
    answers = machine.answers
    if answers.code("cri") != 0:
        machine.differs((answers.raw["commands"]["cri"]["err"].strip().splitlines() or ["no answer"])[-1])
    try:
        conditions = json.loads(answers.said("cri"))["status"]["conditions"]
    except (ValueError, KeyError) as error:
        raise CannotTell(f"crictl info: {error!r}") from error
    unready = [
        f"{one['type']}: {one.get('message') or 'false'}"
        for one in conditions
        if one["type"] == "RuntimeReady" and not one["status"]
    ]
    machine.expect(not unready, unready)


@check(
    "systemd_cgroups", step="containerd", symptom="under memory pressure containers are killed that were within limits"
)
def test_cgroups_are_systemds(machine: Machine) -> None:
    runtime = effective(machine).get("io.containerd.cri.v1.runtime", {})
    options = runtime.get("containerd", {}).get("runtimes", {}).get("runc", {}).get("options", {})
    found = options.get("SystemdCgroup")
    machine.expect(found is True, f"SystemdCgroup = {str(found).lower()}")


@check(
    "sandbox_image", step="containerd", symptom="pods are stuck in ContainerCreating: the sandbox image was collected"
)
def test_the_sandbox_image_is_pinned(machine: Machine) -> None:
    found = effective(machine).get("io.containerd.cri.v1.images", {}).get("pinned_images", {}).get("sandbox")
    machine.expect(found == machine.fact.value, found)


@check("containerd_current", step="containerd", symptom="containerd does not do what its configuration says")
def test_containerd_has_read_its_latest_configuration(machine: Machine) -> None:
    machine.answers.needed_text(CONFIG)
    imported = machine.answers.texts("/etc/containerd/conf.d/*.toml")
    problems = stale(machine.answers, "containerd", CONFIG, *imported)
    machine.expect(not problems, problems)


@check("containerd_at_boot", step="containerd", symptom="after a reboot no container runs")
def test_containerd_starts_at_every_boot(machine: Machine) -> None:
    found = unit(machine.answers, "containerd")["UnitFileState"]
    machine.expect(found == "enabled", found)


@check("mirrors", step="containerd", symptom="images come from the vendors' registries, or not at all")
def test_images_come_from_the_planned_mirrors(machine: Machine) -> None:
    if not machine.plan.registry_mirrors:
        pytest.skip("the plan has no mirrors")
    wrong = []
    for mirror in machine.plan.registry_mirrors:
        text = machine.answers.text(f"/etc/containerd/certs.d/{mirror.registry}/hosts.toml")
        hosts = tomllib.loads(text).get("host", {}) if text else {}
        if list(hosts) != [mirror.url]:
            wrong.append(f"{mirror.registry} from {', '.join(hosts) or 'its own'}")
    machine.expect(not wrong, wrong)
