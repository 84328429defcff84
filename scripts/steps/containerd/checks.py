"""containerd answers the kubelet, and runs with the configuration of the plan."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from meshstrap.plan import NodePlan, Plan
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import stale, unit

CONFIG = "/etc/containerd/config.toml"


def asks(plan: Plan) -> Asked:
    """Its configuration, as written and as it is in effect."""
    del plan
    return Asked(
        texts=(CONFIG, "/etc/containerd/conf.d/*.toml", "/etc/containerd/certs.d/*/hosts.toml"),
        commands=(
            Question("containerd", "containerd config dump"),
            Question("cri", "crictl --timeout 10s info", codes=(0, 1)),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    mirrors = ", ".join(f"{one.registry} from {one.url}" for one in plan.registry_mirrors)
    return {"mirrors": mirrors or "images come from the registries themselves"}


TOPIC = Topic("containerd", __file__, asks=asks, values=values)


def effective(machine: Machine) -> dict[str, Any]:
    """Containerd's configuration with everything that it imports and its own defaults."""
    try:
        found = tomllib.loads(machine.answers.said("containerd"))
    except tomllib.TOMLDecodeError as error:
        raise CannotTell(f"containerd config dump: {error}") from error
    plugins: dict[str, Any] = found.get("plugins", {})
    return plugins


@TOPIC.check()
def the_runtime_answers(machine: Machine) -> None:
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


@TOPIC.check()
def cgroups_are_systemds(machine: Machine) -> None:
    runtime = effective(machine).get("io.containerd.cri.v1.runtime", {})
    options = runtime.get("containerd", {}).get("runtimes", {}).get("runc", {}).get("options", {})
    found = options.get("SystemdCgroup")
    machine.expect(found is True, f"SystemdCgroup = {str(found).lower()}")


@TOPIC.check()
def the_sandbox_image_is_pinned(machine: Machine) -> None:
    found = effective(machine).get("io.containerd.cri.v1.images", {}).get("pinned_images", {}).get("sandbox")
    machine.expect(found == f"registry.k8s.io/pause:{machine.plan.versions.pause}", found)


@TOPIC.check()
def containerd_has_read_its_latest_configuration(machine: Machine) -> None:
    machine.answers.needed_text(CONFIG)
    imported = machine.answers.texts("/etc/containerd/conf.d/*.toml")
    problems = stale(machine.answers, "containerd", CONFIG, *imported)
    machine.expect(not problems, problems)


@TOPIC.check()
def containerd_starts_at_every_boot(machine: Machine) -> None:
    found = unit(machine.answers, "containerd")["UnitFileState"]
    machine.expect(found == "enabled", found)


@TOPIC.check()
def images_come_from_the_planned_mirrors(machine: Machine) -> None:
    if not machine.plan.registry_mirrors:
        machine.skip("the plan has no mirrors")
    wrong = []
    for mirror in machine.plan.registry_mirrors:
        text = machine.answers.text(f"/etc/containerd/certs.d/{mirror.registry}/hosts.toml")
        hosts = tomllib.loads(text).get("host", {}) if text else {}
        if list(hosts) != [mirror.url]:
            wrong.append(f"{mirror.registry} from {', '.join(hosts) or 'its own'}")
    machine.expect(not wrong, wrong)
